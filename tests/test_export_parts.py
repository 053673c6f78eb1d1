"""What has not changed is taken from the last export; what is made in other processes is equal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from export_cases import make_inputs, make_ledger, make_roll, whole_looks
from hypothesis import given
from hypothesis import strategies as st

from gis_export.digest import digest
from gis_export.part_record import RECORD, MadePart, read_record
from gis_export.parts import PartTask, make_part
from gis_export.products import Course, export_products
from gis_export.table.inputs import LOOK_COLUMNS, ExportInputs
from gis_export.table.settings import ExportSettings

FACTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def export(inputs: ExportInputs, out: Path, course: Course | None = None) -> dict[str, bytes]:
    """Export, and return the bytes of every product of the year."""
    year = out / "2026"
    paths = export_products(inputs, year, ExportSettings(), delivered=out, course=course)
    return {str(path.relative_to(year)): path.read_bytes() for path in paths}


def numbers(out: Path) -> dict[str, int]:
    """Return which file on the disk each product is."""
    paths = [path for path in (out / "2026").rglob("*") if path.is_file()]
    return {path.name: path.stat().st_ino for path in paths}


def found_one(inputs: ExportInputs) -> ExportInputs:
    """Return inputs in which a crew has found the first roof open."""
    row = ("0216 001", 2026, "2026-05-02", "crew", "25% of the roof open", "Y", 25.0, True)
    return replace(inputs, looks=whole_looks(pd.DataFrame([row], columns=list(LOOK_COLUMNS[:8]))))


@pytest.fixture(scope="module")
def last(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """Return a folder in which the same was exported twice: dispatch holds it."""
    out = tmp_path_factory.mktemp("last")
    export(make_inputs(make_roll(5)), out)
    return out, export(make_inputs(make_roll(5)), out)


def copy_of(last: tuple[Path, dict[str, bytes]], out: Path) -> Path:
    """Return a copy of the last export that may be changed."""
    for path in last[0].rglob("*"):
        target = out / path.relative_to(last[0])
        if path.is_dir():
            target.mkdir()
        else:
            target.write_bytes(path.read_bytes())
    return out


def test_the_same_again_takes_every_file_but_those_of_dispatch(
    last: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    out = copy_of(last, tmp_path)
    before = numbers(out)
    assert export(make_inputs(make_roll(5)), out) == last[1]

    after = numbers(out)
    taken = {name for name, number in after.items() if before[name] == number}
    assert {"fire_book.pdf", "fire.shp", "worklist.xlsx", "index.html", "scores.pmtiles"} <= taken
    assert "dispatch_add.csv" not in taken


def test_after_a_finding_the_products_are_those_of_a_whole_export(
    last: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    inputs = found_one(make_inputs(make_roll(5)))
    fast = tmp_path / "fast"
    whole = tmp_path / "whole"
    for out in (fast, whole):
        out.mkdir()
        copy_of(last, out)
    (whole / "2026" / RECORD).unlink()

    def run(make: Callable[[PartTask], MadePart], tasks: Sequence[PartTask]) -> Iterator[MadePart]:
        # As other processes do: in another order, each from the job's file.
        assert make is make_part
        for task in reversed(tasks):
            yield make(task)

    said: list[str] = []
    products = export(inputs, fast)
    handed_over = export(inputs, whole, Course(tell=said.append, run=run))
    assert without_times(products) == without_times(handed_over)
    assert products["fire/fire_book.pdf"] != last[1]["fire/fire_book.pdf"]
    assert (said[0], said[-1]) == ("rows", "verify")
    assert {"roofs", "book and routes", "fire map", "dispatch"} <= set(said)


def without_times(products: dict[str, bytes]) -> dict[str, bytes]:
    """Return products without those that hold the second of their making, and their checksums."""
    return {
        name: data for name, data in products.items() if not name.endswith((".gpkg", "SHA256SUMS"))
    }


@pytest.mark.parametrize("change", ["edit", "remove"])
def test_what_was_changed_by_hand_is_made_again(
    change: str, last: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    out = copy_of(last, tmp_path)
    book = out / "2026/fire/fire_book.pdf"
    if change == "edit":
        book.write_bytes(book.read_bytes() + b"% edited")
    else:
        book.unlink()

    before = numbers(out)
    assert export(make_inputs(make_roll(5)), out) == last[1]
    assert numbers(out)["fire_book.pdf"] != before.get("fire_book.pdf")


def test_a_record_that_is_damaged_or_leads_elsewhere_is_none(
    last: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    text = (last[0] / "2026" / RECORD).read_text(encoding="utf-8")
    assert len(read_record(last[0] / "2026")) == 15
    assert read_record(tmp_path) == {}

    outside = text.replace("fire/fire_book.pdf", "fire/../../audit.csv")
    for damaged in (text[:100], "[]", '{"book and routes": 1}', outside):
        (tmp_path / RECORD).write_text(damaged, encoding="utf-8")
        assert read_record(tmp_path) == {}


def test_a_failing_part_keeps_the_products_and_what_they_were_made_from(
    last: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    out = copy_of(last, tmp_path)
    (out / "2026/fire/fire_book.pdf").unlink()
    before = numbers(out)

    def run(make: Callable[[PartTask], MadePart], tasks: Sequence[PartTask]) -> Iterator[MadePart]:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        export(make_inputs(make_roll(5)), out, Course(run=run))
    assert numbers(out) == before


@given(FACTS, FACTS)
def test_equal_facts_and_no_others_have_the_same_digest(one: object, other: object) -> None:
    # 1 == True == 1.0, and yet they are written in different ways.
    is_same = repr(one) == repr(other)
    assert (digest(one) == digest(other)) == is_same


def test_each_cell_crs_and_shape_of_a_table_counts() -> None:
    frame = gpd.GeoDataFrame(
        {"word": ["A", None], "count": [1.0, np.nan], "day": [date(2026, 1, 2), None]},
        geometry=[shapely.Point(1, 2), None],
        crs="EPSG:2248",
    )
    others = [
        frame.assign(word=["A", "None"]),
        frame.assign(count=[1.0, 0.0]),
        frame.assign(day=[date(2026, 1, 3), None]),
        frame.set_geometry([shapely.Point(1, 3), None], crs="EPSG:2248"),
        frame.set_crs("EPSG:26985", allow_override=True),
        frame.rename(columns={"word": "words"}),
        frame.iloc[:1],
    ]
    sums = [digest(table) for table in (frame, *others)]
    assert len(set(sums)) == len(sums)
    assert digest(frame) == digest(frame.copy())
    assert digest(make_ledger(make_roll(3))) == digest(make_ledger(make_roll(3)))

    with pytest.raises(TypeError, match="function"):
        digest(lambda: 1)
