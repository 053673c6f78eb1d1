"""The ledger carries a seal: an edited one goes out in no product, and verify names it."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from cities import DoneCity, Roofwatch

from imagery.errors import InputError, TamperedLedger
from imagery.workspace import Workspace
from inference.ledger import read_ledger
from roofwatch.audit import AuditLine, append_audit
from roofwatch.seal import check_seal, read_seals, seal_text
from roofwatch.sealed_files import broken_seals

ALONE = ("--executor", "serial", "--quiet")
PRODUCTS = ("fire", "housing", "data", "public", "report")


@pytest.fixture
def city(done_city: DoneCity, tmp_path: Path) -> Path:
    """Return the city file of a done city of one test's own, without its models."""
    copy = tmp_path / "city"
    shutil.copytree(done_city.path.parent, copy, ignore=shutil.ignore_patterns("mlruns", "model"))
    return copy / "city.toml"


def workspace_of(city: Path) -> Workspace:
    """Return the workspace of a city file."""
    return Workspace(folder=city.parent / "workspace")


def products_of(city: Path) -> dict[str, bytes]:
    """Return every product by its name."""
    year = workspace_of(city).year(2023).folder
    files = [path for name in PRODUCTS for path in (year / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(year)): path.read_bytes() for path in files}


def edit_ledger(city: Path) -> None:
    """Make the roof with the highest score a sound one."""
    path = workspace_of(city).year(2023).ledger
    table = pd.read_parquet(path)
    is_first = table["rank"] == 1
    edited = table.assign(hazard=table["hazard"].mask(is_first, "NOT SEEN IN PHOTO"))
    edited["score"] = table["score"].mask(is_first, 0.01)
    edited.to_parquet(path, index=False)


def test_an_edited_ledger_goes_out_in_no_product(city: Path, roofwatch: Roofwatch) -> None:
    before = products_of(city)
    edit_ledger(city)

    ran = roofwatch("export", city, "--year", 2023, *ALONE)
    assert ran.code == 4
    assert "2023/ledger.parquet: it is not the ledger that score wrote: sha256 " in ran.error
    assert "put it back from a backup, or score 2023 again" in ran.error
    assert products_of(city) == before


@pytest.mark.parametrize("part", ["", "2023", "2023/fire", "2023/report"])
def test_verify_names_the_edited_ledger_and_no_product(
    part: str, city: Path, roofwatch: Roofwatch
) -> None:
    """It is named once, and products are not compared with it."""
    folder = workspace_of(city).folder / part
    assert roofwatch("verify", folder, *ALONE).code == 0

    edit_ledger(city)
    ran = roofwatch("verify", folder, "--json", *ALONE)
    assert ran.code == 3
    (finding,) = ran.texts("findings")
    assert "ledger.parquet: is not the ledger that score wrote" in finding


def test_audit_names_it_too(city: Path, roofwatch: Roofwatch) -> None:
    edit_ledger(city)
    ran = roofwatch("audit", city, "--json", *ALONE)
    assert ran.code == 3
    (finding,) = ran.texts("findings")
    assert "2023/ledger.parquet: is not the ledger that score wrote" in finding


def test_the_reports_of_the_year_are_checked(city: Path, roofwatch: Roofwatch) -> None:
    page = workspace_of(city).year(2023).report.evaluation_page
    page.write_text(page.read_text().replace("average precision", "average perfection"))
    for folder in (page.parent, page.parent.parent):
        ran = roofwatch("verify", folder, *ALONE)
        assert ran.code == 3
        assert "evaluation.html: was changed after the export" in ran.out


def test_the_last_seal_counts_and_older_lines_have_none(tmp_path: Path) -> None:
    """A ledger without a seal is accepted; an older one that was put back is not."""
    workspace = Workspace(folder=tmp_path)
    files = workspace.year(2024)
    files.folder.mkdir()
    files.ledger.write_bytes(b"first")
    append_audit(workspace.audit, AuditLine(command="score", detail="2024 with a/1: 3 of 4 scored"))
    assert not check_seal(files, 2024, workspace.audit)
    assert broken_seals(tmp_path) == []

    for content in (b"first", b"second"):
        files.ledger.write_bytes(content)
        detail = f"2024 with a/1: 3 of 4 scored{seal_text(files.ledger)}"
        append_audit(workspace.audit, AuditLine(command="score", detail=detail))
    assert list(read_seals(workspace.audit)) == [("2024", "ledger.parquet")]
    assert check_seal(files, 2024, workspace.audit)

    files.ledger.write_bytes(b"first")
    with pytest.raises(TamperedLedger, match="score 2024 again"):
        check_seal(files, 2024, workspace.audit)
    assert [finding.path for finding in broken_seals(files.fire)] == [files.ledger.resolve()]


def test_a_roll_that_has_changed_is_scored_first(city: Path, roofwatch: Roofwatch) -> None:
    """Two notices are withdrawn."""
    before = products_of(city)
    notices = pd.read_csv(city.parent / "vacant.csv", dtype=str)
    notices.iloc[2:].to_csv(city.parent / "vacant.csv", index=False)

    ran = roofwatch("export", city, "--year", 2023, *ALONE)
    assert ran.code == 3
    gone = "23 vacants, 25 rows in the ledger, 2 gone, such as '0216 001', '0216 002'"
    assert gone in ran.error
    assert "tile and score 2023 first" in ran.error
    assert products_of(city) == before


@pytest.mark.parametrize("damage", ["cut short", "no Parquet", "no ledger"])
def test_a_damaged_ledger_is_one_line(damage: str, city: Path) -> None:
    path = workspace_of(city).year(2023).ledger
    if damage == "cut short":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "no Parquet":
        path.write_bytes(b"")
    else:
        pd.DataFrame({"parcel_id": ["a"]}).to_parquet(path)
    with pytest.raises(InputError, match=r"ledger.parquet is .*score 2023 again"):
        read_ledger(path.parent, 2023)
