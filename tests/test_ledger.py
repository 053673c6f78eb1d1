"""The ledger: vacants in are rows out, and no score without a chip."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagery.chips.store import MANIFEST_COLUMNS
from imagery.errors import Unbalanced
from inference.hazard import HazardWord, Thresholds, hazard_word
from inference.ledger import COLUMNS, Ledger, build_ledger, read_ledger, write_ledger

THRESHOLDS = Thresholds(likely=0.5, possible=0.1)


def manifest_of(reasons: list[str]) -> pd.DataFrame:
    """Return one row for each reason; "" is a chip."""
    constants: dict[str, float | str] = {
        "year": 2023,
        "shard": 0,
        "offset": 0,
        "height": 1,
        "width": 1,
        "tiles": "a.tif",
        "note": "",
        "decoder": "gdal",
        "covered_share": 1.0,
        "nodata_share": 0.0,
        "sharpness": 1.0,
        "dark_share": 0.0,
        "shadow_share": 0.0,
        "canopy_share": 0.0,
        "seam_share": 0.0,
        "ground_share": 0.0,
    }
    table = pd.DataFrame({"reason": reasons, "index": range(len(reasons))})
    table["parcel_id"] = [f"{number:04d}" for number in table["index"]]
    table["status"] = ["not_assessed" if reason else "chip" for reason in reasons]

    return table.assign(**constants).reindex(columns=list(MANIFEST_COLUMNS))


def scores_of(scores: dict[str, float]) -> pd.DataFrame:
    """Return scores by parcel, each its own interval."""
    values = list(scores.values())
    columns = ("score", "score_low", "score_high", "score_raw")
    return pd.DataFrame({"parcel_id": list(scores)} | dict.fromkeys(columns, values))


def ledger_of(
    reasons: list[str], scores: dict[str, float], flown: date | None = date(2023, 3, 1)
) -> Ledger:
    """Return the ledger of chips, missing chips and scores."""
    return build_ledger(
        manifest_of(reasons),
        scores_of(scores),
        thresholds=THRESHOLDS,
        model_version="tiny-roof/1",
        flown=flown,
    )


def test_worked_example() -> None:
    """Three chips and one parcel in a cloud."""
    table = ledger_of(["", "", "nodata", ""], {"0000": 0.5, "0001": 0.05, "0003": 0.1}).table
    assert tuple(table.columns) == COLUMNS
    assert table["hazard"].tolist() == ["LIKELY", "NOT SEEN IN PHOTO", "NOT ASSESSED", "POSSIBLE"]
    assert table["status"].tolist() == ["scored", "scored", "not_assessed", "scored"]
    assert table["rank"].fillna(0).tolist() == [1, 3, 0, 2]
    assert table["reason"].tolist() == ["", "", "nodata", ""]
    assert table["model_version"].isna().tolist() == [False, False, True, False]
    assert set(table["img_date"]) == {date(2023, 3, 1)}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "", "nodata", "no_imagery", "no_geometry"]), st.floats(0, 1)
        ),
        min_size=1,
        max_size=30,
    )
)
def test_rows_out_are_vacants_in(rows: list[tuple[str, float]]) -> None:
    """Every parcel is a row once; ranks follow scores; words follow thresholds."""
    scores = {f"{number:04d}": score for number, (reason, score) in enumerate(rows) if not reason}
    table = ledger_of([reason for reason, _ in rows], scores).table

    assert table["parcel_id"].tolist() == [f"{number:04d}" for number in range(len(rows))]
    assert (table["status"] == "scored").sum() == len(scores)

    ranked = table.dropna(subset=["rank"]).sort_values("rank")
    assert ranked["rank"].tolist() == list(range(1, len(scores) + 1))
    assert ranked["score"].is_monotonic_decreasing

    assert (table.loc[table["status"] != "scored", "hazard"] == "NOT ASSESSED").all()
    assert (table.loc[table["status"] == "scored", "hazard"] != "NOT ASSESSED").all()


def test_unbalanced_is_refused() -> None:
    """A chip without score, a score without chip, a score twice."""
    with pytest.raises(Unbalanced, match="2 chips in, 1 scores out"):
        ledger_of(["", ""], {"0000": 0.5})
    with pytest.raises(Unbalanced):
        ledger_of(["", "nodata"], {"0000": 0.5, "0001": 0.5})

    twice = pd.concat([scores_of({"0000": 0.5})] * 2)
    with pytest.raises(Unbalanced):
        build_ledger(
            manifest_of([""]), twice, thresholds=THRESHOLDS, model_version="tiny-roof/1", flown=None
        )


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("score", 0.4, "carries a score"),
        ("rank", 9, "carries a score"),
        ("reason", "", "no reason"),
        ("reason", None, "no reason"),
        ("parcel_id", "0000", "twice"),
    ],
)
def test_a_broken_ledger_cannot_be_made(
    column: str, value: float | str | None, message: str
) -> None:
    """A row that was not scored carries a reason and nothing else."""
    table = ledger_of(["", "nodata"], {"0000": 0.5}).table
    table.loc[1, column] = value
    with pytest.raises(Unbalanced, match=message):
        Ledger(year=2023, table=table)


def test_a_scored_row_has_a_score() -> None:
    """No score is not a low score."""
    table = ledger_of([""], {"0000": 0.5}).table.assign(score=float("nan"))
    with pytest.raises(Unbalanced, match="no score"):
        Ledger(year=2023, table=table)


def test_other_columns_and_statuses_are_refused() -> None:
    """The columns are the contract."""
    table = ledger_of([""], {"0000": 0.5}).table
    with pytest.raises(ValueError, match="ledger columns"):
        Ledger(year=2023, table=table.assign(price=1))
    with pytest.raises(ValueError, match="want one of"):
        Ledger(year=2023, table=table.assign(status="fine"))


@pytest.mark.parametrize("flown", [date(2023, 3, 1), None])
def test_written_ledger_is_read(tmp_path: Path, flown: date | None) -> None:
    """Parquet gives the table back, and the CSV has the same rows.

    The same ledger gives the same bytes.
    """
    ledger = ledger_of(["", "nodata", ""], {"0000": 0.25, "0002": 0.75}, flown)
    parquet, csv = write_ledger(ledger, tmp_path / "a")

    back = read_ledger(tmp_path / "a", 2023).table
    assert back["img_date"].dropna().tolist() == [flown] * 3 * (flown is not None)
    pd.testing.assert_frame_equal(
        back.drop(columns="img_date"), ledger.table.drop(columns="img_date"), check_dtype=False
    )

    assert pd.read_csv(csv, dtype=str)["parcel_id"].tolist() == ["0000", "0001", "0002"]
    again = write_ledger(ledger, tmp_path / "b")
    assert [path.read_bytes() for path in again] == [parquet.read_bytes(), csv.read_bytes()]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "ledger.csv",
        "ledger.parquet",
    ]


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_is_never_a_milder_word(one: float, other: float) -> None:
    """Words follow scores, and a person's word overrides them.

    No score is NOT ASSESSED, never NOT SEEN.
    """
    order = [HazardWord.LIKELY, HazardWord.POSSIBLE, HazardWord.NOT_SEEN]
    low, high = sorted((one, other))
    assert order.index(hazard_word(high, THRESHOLDS)) <= order.index(hazard_word(low, THRESHOLDS))
    assert hazard_word(low, THRESHOLDS, confirmed=True) == HazardWord.CONFIRMED
    assert hazard_word(None, THRESHOLDS) == HazardWord.NOT_ASSESSED


@pytest.mark.parametrize(
    ("likely", "possible"), [(0.1, 0.5), (1.1, 0.5), (0.5, 0.0), (0.5, float("nan"))]
)
def test_thresholds_are_in_order(likely: float, possible: float) -> None:
    """POSSIBLE begins below LIKELY, both within (0, 1]."""
    with pytest.raises(ValueError, match="thresholds"):
        Thresholds(likely=likely, possible=possible)


def test_roof_that_no_photo_shows_has_no_date_of_one() -> None:
    table = ledger_of(["", "no_imagery", "no_geometry", "nodata"], {"0000": 0.5}).table
    assert table["img_date"].tolist() == [date(2023, 3, 1), None, None, date(2023, 3, 1)]


def test_ids_that_are_formulas_are_text_in_the_csv(tmp_path: Path) -> None:
    """The Parquet file keeps them as they are; a number is no formula."""
    table = ledger_of(["", "", ""], {"0000": 0.25, "0001": 0.5, "0002": 0.75}).table
    ids = ["=cmd|' /C calc'!A0", "-12", "@SUM(1)"]
    parquet, csv = write_ledger(Ledger(year=2023, table=table.assign(parcel_id=ids)), tmp_path)
    assert pd.read_parquet(parquet)["parcel_id"].tolist() == ids
    written = pd.read_csv(csv, dtype=str)["parcel_id"].tolist()
    assert written == ["'=cmd|' /C calc'!A0", "-12", "'@SUM(1)"]
