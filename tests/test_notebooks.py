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
    """Every notebook in turn."""
    assert isinstance(request.param, Path)
    return request.param


def read_book(path: Path) -> nbformat.NotebookNode:
    """Read a stored notebook."""
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # untyped library
    assert isinstance(book, nbformat.NotebookNode)
    return book


def test_both_are_there() -> None:
    """A renamed notebook does not drop out of the tests unseen."""
    assert [one.name for one in NOTEBOOKS] == [
        "01_look_at_a_flyover.ipynb",
        "02_train_compare_errors.ipynb",
    ]


def test_stored_without_output(path: Path) -> None:
    """No output, no execution count; imports from the packages; no word that promises anything."""
    book = read_book(path)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert code
    assert [cell for cell in code if cell.outputs or cell.execution_count is not None] == []
    assert [word for cell in book.cells for word in REASSURING.findall(cell.source)] == []
    tree = ast.parse(
        "\n".join(re.sub(r"^%.*$", "", cell.source, flags=re.MULTILINE) for cell in code)
    )
    sources = {
        node.module.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert len(ROOMS & sources) >= 4


def test_runs(
    path: Path, tiny_city: CityBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cell fails, nothing is said on stderr, and pictures come out."""
    monkeypatch.setenv("ROOFWATCH_CITY", str(tiny_city(tmp_path / "city")))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book = read_book(path)
    NotebookClient(
        book, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [
        output
        for output in outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ] == []
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 5
