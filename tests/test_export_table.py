"""The export table: what it refuses, and what its rows are in another CRS or as points."""

import pytest
import shapely
from export_cases import make_inputs, make_roll

from gis_export.table.export_table import COLUMNS, ExportTable
from gis_export.table.rows import build_table
from gis_export.table.settings import ExportSettings
from imagery.errors import CrsMismatch


def make_table(count: int = 4) -> ExportTable:
    """Return the table of a small city."""
    return build_table(make_inputs(make_roll(count)), ExportSettings())


def test_a_table_has_the_columns_of_the_field_table_in_their_order() -> None:
    assert tuple(make_table().rows.columns) == COLUMNS
    assert tuple(make_table(0).rows.columns) == COLUMNS


def test_a_missing_and_an_unknown_column_are_named() -> None:
    rows = make_table().rows
    with pytest.raises(ValueError, match="column 'SCORE' is missing or unknown"):
        ExportTable(rows=rows.drop(columns="SCORE"))

    with pytest.raises(ValueError, match="column 'OWNER' is missing or unknown"):
        ExportTable(rows=rows.assign(OWNER="x"))


def test_a_parcel_that_appears_twice_is_named() -> None:
    rows = make_table().rows
    rows.loc[3, "PARCEL_ID"] = rows.loc[1, "PARCEL_ID"]

    with pytest.raises(ValueError, match="parcel '0217 001' appears twice; want one row"):
        ExportTable(rows=rows)


def test_geometry_without_a_crs_is_refused() -> None:
    rows = make_table().rows.set_crs(None, allow_override=True)

    with pytest.raises(CrsMismatch, match="has no CRS"):
        ExportTable(rows=rows)


def test_placed_and_unplaced_rows_are_all_rows_once() -> None:
    roll = make_roll(5)
    roll.table.loc[2, "geometry"] = None
    table = build_table(make_inputs(roll), ExportSettings())

    assert table.unplaced.rows["PARCEL_ID"].tolist() == ["0218 001"]
    assert len(table.placed) == 4
    assert table.placed.rows.geometry.notna().all()


def test_the_inner_point_of_an_l_shaped_lot_is_inside_it() -> None:
    roll = make_roll(1)
    left = 1_415_000
    bottom = 593_000
    tall = shapely.box(left, bottom, left + 2, bottom + 60)
    wide = shapely.box(left, bottom, left + 60, bottom + 2)
    roll.table.loc[0, "geometry"] = tall.union(wide)
    table = build_table(make_inputs(roll), ExportSettings())

    lot = table.shapes[0]
    assert not lot.contains(lot.centroid)
    assert lot.contains(table.inner_points().shapes[0])


def test_a_row_may_have_another_address_for_other_readers() -> None:
    table = make_table(2)
    spelled = table.with_addresses(table.rows["ADDRESS"].str.upper().to_numpy(dtype=object))

    assert spelled.rows["ADDRESS"].tolist() == ["100 PEÑA RÉUNION ST", "102 PEÑA RÉUNION ST"]
    assert table.rows["ADDRESS"].tolist() == ["100 Peña Réunion St", "102 Peña Réunion St"]
