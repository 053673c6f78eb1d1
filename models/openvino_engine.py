"""OpenVINO, without torch: workers load a network that the main process has converted.

OpenVINO reports its use to a server, and keeps an id in the home folder, as soon as it is imported;
`load_openvino` imports it without that part. Nothing else may import it.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Features = NDArray[np.float32]
Engine = Callable[[Images], Features]
"""Maps uint8 images (B, 3, P, P) to float32 features (B, F)."""
HINTS = {"bf16": "bf16", "fp32": "f32"}
"""OpenVINO's names of the precisions."""


def load_openvino() -> ModuleType:
    """Import OpenVINO as if its package for usage reports were not installed, in this process."""
    # None makes an import fail as a missing package does; OpenVINO then takes its own silent stub.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # documented by Python
    return importlib.import_module("openvino")


def compile_openvino(model: object, threads: int, precision: str) -> Engine:
    """Prepare a network for scoring.

    Args:
        model: OpenVINO's model, or the path of its .xml file.
        threads: Threads that it may use.
        precision: "bf16" or "fp32".
    """
    options = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        # With pinning, all workers would run on core 0.
        "ENABLE_CPU_PINNING": False,
    }
    network = str(model) if isinstance(model, Path) else model
    compiled = load_openvino().Core().compile_model(network, "CPU", options)
    return partial(_run, compiled)


def _run(compiled: Callable[[Images], Mapping[int, Features]], images: Images) -> Features:
    return np.array(compiled(images)[0], dtype=np.float32)
