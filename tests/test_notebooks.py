"""The notebooks: five stories that run on a tiny city, and are stored without output."""

import ast
import re
import tempfile
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from cities import make_houses, write_city
from nbclient import NotebookClient
from traitlets.config import Config

from roofwatch.config import read_city
from roofwatch.executors import Execution
from roofwatch.stages.score import score
from roofwatch.stages.train import train
from roofwatch.year import City

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
ROOMS = {
    "demo_city",
    "gis_export",
    "imagery",
    "inference",
    "labels",
    "models",
    "roofwatch",
    "training",
}
REASSURING = re.compile(
    r"\b(safe|safely|safety|unsafe|secure|all[- ]clear|harmless|risk-free)\b", re.IGNORECASE
)
DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """Return every notebook in turn."""
    assert isinstance(request.param, Path)
    return request.param


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a city with labels of two years, a champion, and two scored flyovers."""
    path = write_city(tmp_path_factory.mktemp("lab"))
    labels = pd.read_csv(path.parent / "labels.csv", dtype=str)
    pd.concat([labels, labels.assign(year="2024")]).to_csv(path.parent / "labels.csv", index=False)

    houses = pd.DataFrame(make_houses()).drop(columns="geometry")
    truth = houses[["parcel_id"]].assign(roof_pct=100 * houses["failing"], state="")
    both = pd.concat([truth.assign(year=year) for year in (2023, 2024)])
    both.to_csv(path.parent / "truth.csv", index=False)

    city = City(file=read_city(path), execution=Execution(executor="serial"), quiet=True)
    train(city.year(2024))
    score(city.year(2023))
    score(city.year(2024))
    return path


def read_book(path: Path) -> nbformat.NotebookNode:
    """Read a stored notebook."""
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # untyped library
    assert isinstance(book, nbformat.NotebookNode)
    return book


def read_code(book: nbformat.NotebookNode) -> list[ast.AST]:
    """Return every node of the code; lines of IPython are skipped."""
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    return list(ast.walk(ast.parse(re.sub(r"^%.*$", "", code, flags=re.MULTILINE))))


def test_five_are_there() -> None:
    """A renamed notebook does not drop out of the tests unseen."""
    assert [path.name for path in NOTEBOOKS] == [
        "01_a_flyover_and_its_chips.ipynb",
        "02_labels_looks_and_agreement.ipynb",
        "03_train_compare_promote.ipynb",
        "04_errors_and_doubtful_labels.ipynb",
        "05_from_year_to_year.ipynb",
    ]


def test_stored_without_output(path: Path) -> None:
    """No output, no execution count; 6 to 12 cells of code; a question at the end."""
    book = read_book(path)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert 6 <= len(code) <= 12
    assert [cell for cell in code if cell.outputs or cell.execution_count is not None] == []

    text = "\n".join(cell.source for cell in book.cells)
    assert REASSURING.findall(text) == []
    assert "make demo" in book.cells[0].source
    assert book.cells[-1].cell_type == "markdown"
    assert book.cells[-1].source.endswith("?")


def test_public_functions_alone(path: Path) -> None:
    """A notebook defines nothing, imports from three rooms or more, and uses nothing private."""
    nodes = read_code(read_book(path))
    assert [node for node in nodes if isinstance(node, DEFINES)] == []

    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    rooms = {(node.module or "").split(".")[0] for node in imports} & ROOMS
    assert len(rooms) >= 3
    names = [name.name for node in imports for name in node.names]
    names += [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    assert [name for name in names if name.startswith("_") and name != "__file__"] == []


def test_runs(path: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cell fails, nothing is written to stderr, and pictures come out."""
    monkeypatch.setenv("ROOFWATCH_CITY", str(finished))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    book = read_book(path)
    resources = {"metadata": {"path": str(FOLDER)}}
    with tempfile.TemporaryDirectory() as sockets:
        # Sockets of this folder, since another test can take a TCP port first.
        kernel = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}})
        NotebookClient(book, config=kernel, timeout=240, resources=resources).execute()

    outputs = []
    for cell in book.cells:
        if cell.cell_type == "code":
            outputs += cell.outputs
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 3
