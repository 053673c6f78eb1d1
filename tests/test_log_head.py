"""The head of the audit log on every product: kept elsewhere, it shows a log that was changed."""

import csv
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pypdf
import pytest
from cities import DoneCity, Roofwatch

from gis_export.log_head import read_log_head
from roofwatch.anchors import check_anchors
from roofwatch.audit import AuditLine, append_audit, read_audit

PARTS = ("fire", "fire/fire_map", "housing", "data", "public")
CALM = ("--executor", "serial", "--quiet")


@dataclass(frozen=True, kw_only=True)
class Sealing:
    """The line of `score`, as read by the tests themselves."""

    number: int
    """Lines of the log up to it."""
    head: str
    """Its hash."""


@pytest.fixture
def sealing(done_city: DoneCity) -> Sealing:
    """Find the first line that names the ledger of 2023 with its checksum."""
    workspace = done_city.workspace
    ledger = hashlib.sha256((workspace / "2023/ledger.parquet").read_bytes()).hexdigest()
    with (workspace / "audit.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    numbers = [
        number
        for number, row in enumerate(rows, start=1)
        if row["command"] == "score" and f"sha256 {ledger}" in row["detail"]
    ]
    return Sealing(number=numbers[0], head=rows[numbers[0] - 1]["hash"])


def test_checksums_hold_the_whole_head(done_city: DoneCity, sealing: Sealing) -> None:
    """Of the line that sealed the ledger; `sha256sum -c` takes it for a comment."""
    year = done_city.workspace / "2023"
    for part in PARTS:
        found = read_log_head(year / part / "SHA256SUMS")
        assert found is not None and (found.head, found.lines) == (sealing.head, sealing.number)
    command = ["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(command, cwd=year / "fire").returncode == 0


def test_people_find_the_first_digits(done_city: DoneCity, sealing: Sealing) -> None:
    """At the foot of pages, on paper and in the metadata of layers."""
    year = done_city.workspace / "2023"
    words = f"log {sealing.head[:16]}"
    texts = (
        "report/year.html",
        "report/equity.html",
        "fire/fire.shp.xml",
        "housing/housing.iso.xml",
    )
    for name in texts:
        assert words in (year / name).read_text(), name
    readme = openpyxl.load_workbook(year / "housing/worklist.xlsx").worksheets
    assert any(words in str(cell.value) for sheet in readme for row in sheet for cell in row)
    for name in ("fire/fire_book.pdf", "report/year.pdf"):
        page = pypdf.PdfReader(year / name).pages[0].extract_text()
        assert words in " ".join(page.split()), name


def test_an_unchanged_export_writes_the_same(
    done_city: DoneCity, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    """The log has grown by its lines, and no product says another head.

    Only what dispatch still has to take over differs, now that it has been delivered.
    """
    shutil.copytree(done_city.path.parent, tmp_path / "city")
    city = tmp_path / "city" / "city.toml"
    year = tmp_path / "city/workspace/2023"
    before = {path: path.read_bytes() for path in products_of(year)}

    assert roofwatch("export", city, "--year", 2023, *CALM).code == 0

    assert {path: path.read_bytes() for path in products_of(year)} == before
    sums = year / "fire/SHA256SUMS"
    of_export = sums.read_bytes()
    assert read_log_head(sums) == read_log_head(done_city.workspace / "2023/fire/SHA256SUMS")
    ran = roofwatch("audit", city, "--anchor", sums, *CALM)
    assert (ran.code, "still holds the head" in ran.out) == (0, True)
    assert sums.read_bytes() == of_export


def products_of(year: Path) -> list[Path]:
    """Return every product but those of dispatch, and the checksums that cover them."""
    files = [path for part in PARTS for path in (year / part).rglob("*") if path.is_file()]
    told = ("dispatch_", "match_report", "SHA256SUMS")
    return [path for path in files if not path.name.startswith(told)]


def test_a_log_written_anew_does_not_hold_the_head_of_the_products(
    done_city: DoneCity, sealing: Sealing, tmp_path: Path
) -> None:
    """Its chain holds, but the products that were delivered say another head."""
    sums = done_city.workspace / "2023/fire/SHA256SUMS"
    rows = read_audit(done_city.workspace / "audit.csv")
    assert check_anchors(sums, done_city.workspace / "audit.csv") == []

    anew = tmp_path / "audit.csv"
    for row in rows:
        append_audit(anew, AuditLine(command=row[2], detail=row[3].replace("parcels", "houses")))
        if len(read_audit(anew)) == sealing.number - 1:
            (line,) = check_anchors(sums, anew)
            assert f"it has {sealing.number - 1} lines, want {sealing.head[:12]}" in line
    (line,) = check_anchors(sums, anew)
    assert "is not the log that was anchored by the export" in line
    assert f"line {sealing.number + 1} has" in line
