"""The engine behind the frozen networks: a CUDA card, else OpenVINO if it is installed, else torch.

OpenVINO reports its use to a server, and keeps an id in the home folder, as soon as it is imported;
`load_openvino` imports it without that part. Nothing else may import it.
"""

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Images = NDArray[np.uint8]
Features = NDArray[np.float32]
Engine = Callable[[Images], Features]
"""Maps uint8 images (B, 3, P, P) to float32 features (B, F)."""
EXAMPLE_IMAGES = 2
HINTS = {"bf16": "bf16", "fp32": "f32"}
"""OpenVINO's names of the precisions."""


@lru_cache(maxsize=1)
def engine_name() -> str:
    """Return engine and precision of this machine.

    They are recorded beside the features; features of two engines are never mixed.
    """
    if torch.cuda.is_available():
        return "torch-cuda-bf16"

    if importlib.util.find_spec("openvino"):
        capabilities = load_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return "openvino-bf16" if "BF16" in capabilities else "openvino-fp32"
    return "torch-cpu-bf16"


def load_openvino() -> ModuleType:
    """Import OpenVINO as if its package for usage reports were not installed, in this process."""
    # None makes an import fail as a missing package does; OpenVINO then takes its own silent stub.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # documented by Python
    return importlib.import_module("openvino")


@lru_cache(maxsize=4)
def compile_engine(network: nn.Module, side_px: int, threads: int, name: str) -> Engine:
    """Prepare a network for scoring.

    Args:
        network: Maps uint8 images (B, 3, P, P) to features (B, F); in evaluation mode.
        side_px: P.
        threads: Threads that it may use.
        name: Engine and precision, see `engine_name`.
    """
    engine, *device, precision = name.split("-")
    if engine == "openvino":
        return _compile_openvino(network, side_px, threads, precision)

    return partial(_run_torch, network.to(device[0]), device[0], precision)


def _compile_openvino(network: nn.Module, side_px: int, threads: int, precision: str) -> Engine:
    openvino = load_openvino()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with warnings.catch_warnings(), torch.inference_mode():
        # Tracing warns of every Python number in the network.
        warnings.simplefilter("ignore")
        # The model refers to both of these, so they must live until it is compiled.
        decoder = TorchScriptPythonDecoder(_trace(network, side_px))
        frontends = FrontEndManager()
        frontend = frontends.load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    model.inputs[0].get_node().set_element_type(openvino.Type.u8)
    model.reshape([-1, 3, side_px, side_px])

    options = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        # With pinning, all workers would run on core 0.
        "ENABLE_CPU_PINNING": False,
    }
    compiled = openvino.Core().compile_model(model, "CPU", options)
    return partial(_run_openvino, compiled)


def _trace(network: nn.Module, side_px: int) -> torch.jit.ScriptModule:
    example = torch.zeros((EXAMPLE_IMAGES, 3, side_px, side_px), dtype=torch.uint8)
    traced = torch.jit.trace(  # type: ignore[no-untyped-call]  # torch.jit has no types
        network, example, check_trace=False
    )
    frozen: torch.jit.ScriptModule = torch.jit.freeze(traced.eval())
    return frozen


def _run_openvino(compiled: Callable[[Images], Mapping[int, Features]], images: Images) -> Features:
    return np.array(compiled(images)[0], dtype=np.float32)


def _run_torch(network: nn.Module, device: str, precision: str, images: Images) -> Features:
    low_precision = precision == "bf16"
    with (
        torch.inference_mode(),
        torch.autocast(device, dtype=torch.bfloat16, enabled=low_precision),
    ):
        features = network(torch.from_numpy(images).to(device))
        return np.asarray(features.float().cpu().numpy(), dtype=np.float32)
