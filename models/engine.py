"""The engine behind the frozen networks: a CUDA card where there is one, else OpenVINO where it is installed, else torch.

OpenVINO reports its use to a server, and keeps an id in the home folder, as soon as it is imported;
`load_openvino` imports it without that part. Nothing else may import it.
"""

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Engine = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Maps uint8 images (B, 3, P, P) to float32 features (B, F)."""
EXAMPLE_IMAGES = 2


@lru_cache(maxsize=1)
def engine_name() -> str:
    """Return engine and precision of this machine, as recorded beside the features; those of two engines are never mixed."""
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
    return (
        _openvino(network, side_px, threads, precision)
        if engine == "openvino"
        else _torch(network, device[0], precision)
    )


def _openvino(network: nn.Module, side_px: int, threads: int, precision: str) -> Engine:
    openvino = load_openvino()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    example = torch.zeros((EXAMPLE_IMAGES, 3, side_px, side_px), dtype=torch.uint8)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # tracing warns of every Python number in the network
        traced = torch.jit.freeze(torch.jit.trace(network, example, check_trace=False).eval())  # type: ignore[no-untyped-call]  # torch.jit
        frontends, decoder = (
            FrontEndManager(),
            TorchScriptPythonDecoder(traced),
        )  # both must live until the end
        frontend = frontends.load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    model.inputs[0].get_node().set_element_type(openvino.Type.u8)
    model.reshape([-1, 3, side_px, side_px])
    hint = {"bf16": "bf16", "fp32": "f32"}[precision]
    options = {
        "INFERENCE_PRECISION_HINT": hint,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }  # else all workers sit on core 0
    compiled = openvino.Core().compile_model(model, "CPU", options)
    return lambda images: np.array(compiled(images)[0], dtype=np.float32)


def _torch(network: nn.Module, device: str, precision: str) -> Engine:
    placed = network.to(device)

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        with (
            torch.inference_mode(),
            torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16"),
        ):
            return np.asarray(
                placed(torch.from_numpy(images).to(device)).float().cpu().numpy(), dtype=np.float32
            )

    return run
