"""Which engine runs the networks on this machine. No torch where there is no CUDA card."""

import ctypes
import importlib.util
import sys
from functools import lru_cache

from models.openvino_engine import load_openvino

OPENVINO = "openvino"
"""First word of the names of its engines."""
_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
"""Library of NVIDIA's driver."""


@lru_cache(maxsize=1)
def engine_name() -> str:
    """Return engine and precision of this machine.

    They are recorded beside the features; features of two engines are never mixed.
    """
    if _has_card():
        return "torch-cuda-bf16"

    if importlib.util.find_spec("openvino"):
        capabilities = load_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return "openvino-bf16" if "BF16" in capabilities else "openvino-fp32"
    return "torch-cpu-bf16"


def _has_card() -> bool:
    """Tell whether torch has a CUDA card; it takes seconds to load and is asked last."""
    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        return False

    import torch

    return torch.cuda.is_available()
