"""The engine behind the frozen networks: a CUDA card, else OpenVINO where it is, else torch."""

import warnings
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from models.engine_name import OPENVINO, engine_name
from models.openvino_engine import (
    Engine,
    Features,
    Images,
    MapEngine,
    Maps,
    compile_maps,
    compile_openvino,
    load_openvino,
)

Result = TypeVar("Result")

EXAMPLE_IMAGES = 2


@lru_cache(maxsize=4)
def compile_map_engine(network: nn.Module, side_px: int, threads: int) -> MapEngine:
    """Prepare a network whose outputs are feature maps, in full precision on the CPU."""
    if engine_name().startswith(OPENVINO):
        return _converted(network, side_px, partial(compile_maps, threads=threads))
    return partial(_run_torch_maps, network)


@lru_cache(maxsize=4)
def compile_engine(network: nn.Module, side_px: int, threads: int, name: str) -> Engine:
    """Prepare a network for scoring.

    Args:
        network: Maps uint8 images (B, 3, P, P) to features (B, F); in evaluation mode.
        side_px: P.
        threads: Threads that it may use.
        name: Engine and precision, see `models.engine_name`.
    """
    engine, *device, precision = name.split("-")
    if engine == OPENVINO:
        return _converted(
            network, side_px, partial(compile_openvino, threads=threads, precision=precision)
        )

    return partial(_run_torch, network.to(device[0]), device[0], precision)


def save_converted(network: nn.Module, side_px: int, path: Path) -> None:
    """Write a network as OpenVINO's files, PATH.xml and the .bin beside it, in full precision.

    Raises:
        RuntimeError: they cannot be written.
    """
    save = load_openvino().save_model
    try:
        _converted(network, side_px, lambda model: save(model, str(path), compress_to_fp16=False))
    except RuntimeError as error:
        # OpenVINO does not say where.
        raise RuntimeError(f"{path.parent}: {error}") from error


def _converted(network: nn.Module, side_px: int, use: Callable[[object], Result]) -> Result:
    """Convert a network to OpenVINO's model, which takes uint8 images, and use it."""
    openvino = load_openvino()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with warnings.catch_warnings(), torch.inference_mode():
        # Tracing warns of every Python number in the network.
        warnings.simplefilter("ignore")
        # The model refers to both of these, so they must live as long as it is used.
        decoder = TorchScriptPythonDecoder(_trace(network, side_px))
        frontends = FrontEndManager()
        frontend = frontends.load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    model.inputs[0].get_node().set_element_type(openvino.Type.u8)
    model.reshape([-1, 3, side_px, side_px])
    return use(model)


def _trace(network: nn.Module, side_px: int) -> torch.jit.ScriptModule:
    example = torch.zeros((EXAMPLE_IMAGES, 3, side_px, side_px), dtype=torch.uint8)
    traced = torch.jit.trace(  # type: ignore[no-untyped-call]  # torch.jit has no types
        network, example, check_trace=False
    )
    frozen: torch.jit.ScriptModule = torch.jit.freeze(traced.eval())
    return frozen


def _run_torch(network: nn.Module, device: str, precision: str, images: Images) -> Features:
    low_precision = precision == "bf16"
    with (
        torch.inference_mode(),
        torch.autocast(device, dtype=torch.bfloat16, enabled=low_precision),
    ):
        features = network(torch.from_numpy(images).to(device))
        return np.asarray(features.float().cpu().numpy(), dtype=np.float32)


def _run_torch_maps(network: nn.Module, images: Images) -> Maps:
    with torch.inference_mode():
        return [values.float().numpy() for values in network(torch.from_numpy(images))]
