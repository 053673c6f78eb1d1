"""A package whose code has another layout than ours: it runs its own code, or says what to do."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from heads import random_head

from imagery.chips.store import StoredChip
from models.checksum import model_checksum
from models.files import load_model, save_model
from models.measures import MEASURES
from models.network import load_backbones
from models.package import ROOT, save_package
from models.scoring import score_chips
from models.spec import ModelSpec

MOVES = {"imagery/chips/store.py": "imagery/store.py", "models/files.py": "models/formats.py"}
"""Files that the old layout had elsewhere."""
LOAD = """
import sys, numpy as np, mlflow.pyfunc
model = mlflow.pyfunc.load_model(sys.argv[1])
np.save("scores.npy", model.predict(np.load("chips.npy")))
"""
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model on the named measures."""
    spec = ModelSpec(input_px=32, gsd_m=0.5, margin_m=2, views=("roof_grey",), turns=1)

    head = random_head(len(MEASURES), "measures")

    folder = tmp_path_factory.mktemp("model") / "model"
    save_model(folder, spec, head, load_backbones(spec))
    return folder


@pytest.fixture(scope="module")
def old_package(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of the model whose files lie where `MOVES` says."""
    package = tmp_path_factory.mktemp("package") / "package"
    save_package(package, model_folder, model_checksum(model_folder))

    for new, old in MOVES.items():
        (package / "code" / new).rename(package / "code" / old)
    for path in package.rglob("*.py"):
        text = path.read_text()
        for new, old in MOVES.items():
            text = text.replace(dotted(new), dotted(old))
        path.write_text(text)

    return package


def dotted(path: str) -> str:
    """Return the module of a file."""
    return path.removesuffix(".py").replace("/", ".")


def test_an_old_package_runs_its_own_code(
    model_folder: Path, old_package: Path, tmp_path: Path
) -> None:
    """In a fresh process, even with our code first on the path of imports."""
    chips = np.random.default_rng(1).integers(1, 256, (2, 4, 24, 24)).astype(np.uint8)
    np.save(tmp_path / "chips.npy", chips)
    environ = os.environ | QUIET | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(old_package)],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-2000:]

    model = load_model(model_folder, model_checksum(model_folder))
    stored = [StoredChip(pixels=planes[:3], mask=planes[3] != 0) for planes in chips]
    np.testing.assert_array_equal(np.load(tmp_path / "scores.npy"), score_chips(model, stored))


def test_a_process_that_has_imported_our_code_is_told_what_to_do(
    old_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line: Python keeps what it has imported, so the package's own code is hidden."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, on import
        import mlflow.pyfunc
        from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="load the model in a fresh process") as caught:
        mlflow.pyfunc.load_model(str(old_package))
    assert "imagery.store of this model is hidden" in str(caught.value)
