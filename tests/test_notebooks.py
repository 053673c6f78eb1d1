"""The notebooks: they run from top to bottom on a tiny city, and are stored without output."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from cities import CityBuilder
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
ROOMS = {"gis_export", "imagery", "inference", "labels", "models", "roofwatch", "training"}
REASSURING = re.compile(
    r"\b(safe|safely|safety|unsafe|secure|all[- ]clear|harmless|risk-free)\b", re.IGNORECASE
)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """Return every notebook in turn."""
    assert isinstance(request.param, Path)
    return request.param


def read_book(path: Path) -> nbformat.NotebookNode:
    """Read a stored notebook."""
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # untyped library
    assert isinstance(book, nbformat.NotebookNode)
    return book


def test_both_are_there() -> None:
    """A renamed notebook does not drop out of the tests unseen."""
    assert [path.name for path in NOTEBOOKS] == [
        "01_look_at_a_flyover.ipynb",
        "02_train_compare_errors.ipynb",
    ]


def imported_packages(code: str) -> set[str]:
    """Return the packages that `from ... import` lines name; lines of IPython are skipped."""
    packages = set()
    for node in ast.walk(ast.parse(re.sub(r"^%.*$", "", code, flags=re.MULTILINE))):
        if isinstance(node, ast.ImportFrom) and node.module:
            packages.add(node.module.split(".")[0])
    return packages


def test_stored_without_output(path: Path) -> None:
    """No output, no execution count; imports from the packages; no word that promises anything."""
    book = read_book(path)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert code
    assert [cell for cell in code if cell.outputs or cell.execution_count is not None] == []

    text = "\n".join(cell.source for cell in book.cells)
    assert REASSURING.findall(text) == []
    sources = "\n".join(cell.source for cell in code)
    assert len(ROOMS & imported_packages(sources)) >= 3


def test_runs(
    path: Path, tiny_city: CityBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cell fails, nothing is written to stderr, and pictures come out."""
    monkeypatch.setenv("ROOFWATCH_CITY", str(tiny_city(tmp_path / "city")))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book = read_book(path)
    resources = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(book, timeout=240, kernel_name="python3", resources=resources).execute()

    outputs = []
    for cell in book.cells:
        if cell.cell_type == "code":
            outputs += cell.outputs
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 5
