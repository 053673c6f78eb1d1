"""The engine behind the frozen network: OpenVINO on the CPU where it is installed, torch otherwise; bf16 inside either.

The graph is handed to OpenVINO by its frontend directly, because its converter command reports its use to a server.
"""

import importlib.util
import warnings
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Engine = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Maps uint8 images (B, 3, P, P) to float32 features (B, F)."""
OPENVINO, TORCH = "openvino-bf16", "torch-bf16"
EXAMPLE_IMAGES = 2


def engine_name() -> str:
    """Return the engine of this machine; features of two engines are never mixed."""
    return OPENVINO if importlib.util.find_spec("openvino") else TORCH


@lru_cache(maxsize=2)
def compile_engine(network: nn.Module, side_px: int, threads: int) -> Engine:
    """Prepare a network for scoring.

    Args:
        network: Maps uint8 images (B, 3, P, P) to features (B, F); in evaluation mode.
        side_px: P.
        threads: Threads that it may use.
    """
    return _openvino(network, side_px, threads) if engine_name() == OPENVINO else _torch(network)


def _openvino(network: nn.Module, side_px: int, threads: int) -> Engine:
    import openvino
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    example = torch.zeros((EXAMPLE_IMAGES, 3, side_px, side_px), dtype=torch.uint8)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # tracing warns of every Python number in the network
        traced = torch.jit.freeze(torch.jit.trace(network, example, check_trace=False).eval())  # type: ignore[no-untyped-call]  # torch.jit
        frontends, decoder = FrontEndManager(), TorchScriptPythonDecoder(traced)  # both must live until the end
        frontend = frontends.load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    model.inputs[0].get_node().set_element_type(openvino.Type.u8)
    model.reshape([-1, 3, side_px, side_px])
    options = {"INFERENCE_PRECISION_HINT": "bf16", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}  # else all workers sit on core 0
    compiled = openvino.Core().compile_model(model, "CPU", options)
    return lambda images: np.array(compiled(images)[0], dtype=np.float32)


def _torch(network: nn.Module) -> Engine:
    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            return np.asarray(network(torch.from_numpy(images)).numpy(), dtype=np.float32)

    return run
