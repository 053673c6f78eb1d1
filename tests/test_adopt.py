"""Another city's model: what is taken, and where it stands."""

import json
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from cities import CityBuilder, DoneCity, Ran, Roofwatch

from gis_export.report.papers.cite import plain
from models.checksum import model_checksum
from models.origin import find_model
from roofwatch.audit import first_broken_line, read_audit

QUICK = ("--executor", "serial", "--quiet", "--json")
WHY = ("--by", "Ann", "--why", "our first year")


def without_labels(text: str) -> str:
    """Return a city file without [labels]."""
    start = text.index("[labels]")
    return text[:start] + text[text.index("[[flyover]]") :]


@pytest.fixture
def lent(done_city: DoneCity, tmp_path: Path) -> Path:
    """Return a copy of the year folder of another city: its model, and which one scored."""
    year = done_city.workspace / "2023"
    shutil.copytree(year / "model", tmp_path / "lent/model")
    (tmp_path / "lent/report").mkdir()
    shutil.copy(year / "report/model.json", tmp_path / "lent/report/model.json")
    return tmp_path / "lent"


@pytest.fixture
def young(tmp_path: Path, tiny_city: CityBuilder, city_toml: str) -> Path:
    """Return the city file of a city that has no labels."""
    return tiny_city(tmp_path / "young", without_labels(city_toml))


def test_a_city_without_champion_and_labels_is_told_before_anything_is_cut(
    young: Path, roofwatch: Roofwatch
) -> None:
    """In one line with both ways out."""
    for command in ("run", "score"):
        ran = roofwatch(command, young, "--year", 2024, *QUICK)
        assert ran.code == 3
        assert ran.err.count("\n") == 1
        assert f"{command} 2024: no champion yet" in ran.err
        assert "look at 60 roofs of 2024" in ran.err
        assert "roofwatch adopt CITY.toml MODEL --by NAME --why TEXT" in ran.err
    assert not (young.parent / "workspace/2024/chips").exists()


def test_a_borrowed_model_is_champion_and_says_no_likely(
    young: Path, lent: Path, roofwatch: Roofwatch
) -> None:
    """It carries its origin from the registry to the card, and its roofs are POSSIBLE at most."""
    sha256 = model_checksum(lent / "model")
    ran = roofwatch("adopt", young, lent, *WHY, *QUICK)
    assert (ran.code, ran.err) == (0, "")
    assert (ran.answer["version"], ran.answer["champion"]) == (1, True)
    assert ran.answer["sha256"] == sha256

    origin = str(ran.answer["origin"])
    assert origin.startswith(f"tinyville-roof/1, sha256 {sha256[:12]}, from {lent}, adopted ")
    assert "Ann" not in origin  # products name no people

    scored = roofwatch("score", young, "--year", 2024, *QUICK)
    assert (scored.code, scored.err) == (0, "")
    workspace = young.parent / "workspace"
    words = pd.read_parquet(workspace / "2024/ledger.parquet")["hazard"]
    assert set(words) <= {"POSSIBLE", "NOT SEEN IN PHOTO", "NOT ASSESSED"}
    assert (words == "POSSIBLE").any()

    facts = json.loads((workspace / "2024/report/model.json").read_text())
    assert facts["origin"] == origin
    assert "the model is another city's" in facts["held_back"]
    assert "0 labels of 2024" in facts["held_back"]

    log = workspace / "audit.csv"
    lines = [(row[2], row[3]) for row in read_audit(log) if row[2] != "seal"]
    assert [command for command, _ in lines] == ["champion", "adopt", "score"]
    assert lines[0][1] == "version 1 by Ann: adopted, there was none"
    assert f"sha256 {sha256}; by Ann: our first year" in lines[1][1]
    assert first_broken_line(log) is None
    _every_product_says_so(young, origin, roofwatch)
    _adopting_again_changes_nothing(young, lent, roofwatch, ran)


def _every_product_says_so(young: Path, origin: str, roofwatch: Roofwatch) -> None:
    """Of layers their description, of packs their metadata, of lists and maps their first page."""
    exported = roofwatch("export", young, "--year", 2024, *QUICK)
    assert (exported.code, exported.err) == (0, "")
    note = f"The model is borrowed from another city: {origin}. No roof is called LIKELY by it"
    assert any(line.startswith(note) for line in exported.texts("notes"))

    year = young.parent / "workspace/2024"
    texts = {
        "shp.xml": (year / "fire/fire.shp.xml").read_text(),
        "iso": (year / "housing/housing.iso.xml").read_text(),
        "map": (year / "fire/fire_map/index.html").read_text(),
        "geopackage": (year / "housing/housing.gpkg").read_bytes().decode("latin-1"),
        "work list": read_texts(year / "housing/worklist.xlsx"),
        "read me": (year / "fire/fire_map/README.txt").read_text(),
    }
    assert [name for name, text in texts.items() if note not in text] == []
    card = (year / "report/model_card.md").read_text()
    assert f"It is borrowed: {plain(origin)}. No look here has borne it out yet." in card
    assert "the model is another city's" in card
    assert "The model was tested where it was made." in card
    assert not (year / "report/model_evaluation.json").exists()
    page = (year / "public/index.html").read_text()
    assert "The model was made in another city" in page
    assert origin not in page


def read_texts(workbook: Path) -> str:
    """Return every text of a workbook."""
    cells = []
    for sheet in openpyxl.load_workbook(workbook).worksheets:
        for row in sheet.iter_rows(values_only=True):
            cells += [str(cell) for cell in row if cell]
    return "\n".join(cells)


def _adopting_again_changes_nothing(
    young: Path, lent: Path, roofwatch: Roofwatch, first: Ran
) -> None:
    again = roofwatch("adopt", young, lent / "model", *WHY, *QUICK)
    assert (again.code, again.answer) == (0, first.answer)


def test_a_champion_stays_and_a_package_is_taken(
    done_city: DoneCity, tmp_path: Path, roofwatch: Roofwatch, tiny_city: CityBuilder
) -> None:
    """A city with a champion of its own gets a challenger; a package brings its own checksum."""
    path = tiny_city(tmp_path / "city")
    labels = pd.read_csv(path.parent / "labels.csv", dtype={"parcel_id": str})
    labels.iloc[:-2].to_csv(path.parent / "labels.csv", index=False)
    assert roofwatch("train", path, "--year", 2023, *QUICK).code == 0

    (package,) = [found.parent for found in done_city.workspace.glob("mlruns/**/MLmodel")]
    shutil.copytree(package, tmp_path / "package")
    ran = roofwatch("adopt", path, tmp_path / "package", *WHY)
    assert ran.code == 0
    assert "it is a challenger: version 1 stays champion; promote --version 2 to use it" in ran.out
    assert "Y/report/looks.csv" in ran.out

    own = roofwatch("adopt", path, path.parent / "workspace/2023", *WHY)
    assert own.code == 3
    assert "is tinyville-roof/1, which Tinyville trained itself" in own.err

    head = tmp_path / "package/artifacts/weights/spec.json"
    head.write_text(head.read_text() + " ")
    changed = roofwatch("adopt", path, tmp_path / "package", *WHY)
    assert changed.code == 4
    assert "its package says" in changed.err


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ("gone", "no folder at"),
        ("file", "is a file; give a folder with backbone.safetensors, head.safetensors"),
        ("empty", "holds no model; give a folder"),
        ("pickle", r"holds .*weights.pkl.*nothing pickled is read"),
        ("cut", "cannot be read: "),
        ("spec", r"does not fit \[model\].*got gsd_m = 0.5, want gsd_m = 0.25"),
    ],
)
def test_what_is_no_model_is_refused_in_one_line(
    young: Path, lent: Path, roofwatch: Roofwatch, damage: str, expected: str
) -> None:
    place = spoil(lent, damage)
    ran = roofwatch("adopt", young, place, *WHY, *QUICK)
    assert ran.code == 3
    assert ran.err.count("\n") == 1
    assert pd.Series([ran.err]).str.contains(expected).all(), ran.err
    assert not (young.parent / "workspace/audit.csv").exists()


def spoil(lent: Path, damage: str) -> Path:
    """Spoil a model folder in some way and return what is to be adopted."""
    model = lent / "model"
    spec = model / "spec.json"
    if damage == "gone":
        return lent / "nowhere"
    if damage == "file":
        return model / "head.safetensors"
    if damage == "empty":
        return lent / "report"
    if damage == "pickle":
        (model / "weights.pkl").write_bytes(b"cos\nsystem\n")
    if damage == "cut":
        head = model / "head.safetensors"
        head.write_bytes(head.read_bytes()[:100])
    if damage == "spec":
        spec.write_text(spec.read_text().replace('"gsd_m": 0.5', '"gsd_m": 0.25'))
    return model


@pytest.mark.parametrize("option", ["--by", "--why"])
def test_who_and_why_are_wanted(young: Path, lent: Path, roofwatch: Roofwatch, option: str) -> None:
    """A blank is no answer, and a line break does not go into a product."""
    for text in (" ", "two\nlines", "x" * 400):
        words = list(WHY)
        words[words.index(option) + 1] = text
        ran = roofwatch("adopt", young, lent, *words)
        assert ran.code == 2
        assert f"adopt: {option} is" in ran.err


def test_find_model_reads_the_name_that_a_registry_writes(lent: Path) -> None:
    """MLflow writes it beside a package that it fetched."""
    assert find_model(lent).name == "tinyville-roof/1"
    (lent / "report/model.json").write_text('{"label": "other/1", "sha256": "0"}')
    assert find_model(lent).name == ""

    package = lent / "fetched"
    shutil.copytree(lent / "model", package / "artifacts/weights")
    (package / "registered_model_meta").write_text("model_name: bigcity-roof\nmodel_version: '7'\n")
    assert find_model(package).name == "bigcity-roof/7"
