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
Engines = tuple[Engine, ...]
"""What runs each network of a spec, in its order."""
Maps = list[NDArray[np.float32]]
MapEngine = Callable[[Images], Maps]
"""Maps uint8 images (B, 3, P, P) to feature maps (B, C, p, p), finest first."""
Compiled = Callable[[Images], Mapping[int, Features]]
"""OpenVINO's compiled model, as it is used here."""
HINTS = {"bf16": "bf16", "fp32": "f32"}
"""OpenVINO's names of the precisions."""


def load_openvino() -> ModuleType:
    """Import OpenVINO as if its package for usage reports were not installed, in this process."""
    # None makes an import fail as a missing package does; OpenVINO then takes its own silent stub.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # documented by Python
    return importlib.import_module("openvino")


def compile_openvino(model: object, threads: int, precision: str) -> Engine:
    """Prepare a network whose only output is its features.

    Args:
        model: OpenVINO's model, or the path of its .xml file.
        threads: Threads that it may use.
        precision: "bf16" or "fp32".
    """
    return partial(_run, _compile(model, threads, precision))


def compile_maps(model: object, threads: int) -> MapEngine:
    """Prepare a network whose outputs are its feature maps, in full precision."""
    return partial(_run_maps, _compile(model, threads, "fp32"))


def _compile(model: object, threads: int, precision: str) -> Compiled:
    options = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        # With pinning, all workers would run on core 0.
        "ENABLE_CPU_PINNING": False,
    }
    network = str(model) if isinstance(model, Path) else model
    compiled: Compiled = load_openvino().Core().compile_model(network, "CPU", options)
    return compiled


def _run(compiled: Compiled, images: Images) -> Features:
    return np.array(compiled(images)[0], dtype=np.float32)


def _run_maps(compiled: Compiled, images: Images) -> Maps:
    found = compiled(images)
    return [np.array(found[place], dtype=np.float32) for place in range(len(found))]
