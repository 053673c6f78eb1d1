"""The noun of what one person said: checked, and the same said twice is one look."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from book_cases import VISIT
from hypothesis import given
from hypothesis import strategies as st

from labels.choices import ROOF_OPEN
from labels.look import Look, Means, bin_of, middle_of
from labels.table.book_rows import describe


def test_a_bin_has_its_middle_and_a_number_its_bin() -> None:
    assert [middle_of(choice.name) for choice in ROOF_OPEN] == [0, 5, 17, 37, 75, 100, None]
    percents = (0, 0.1, 9.9, 10, 24.9, 25, 49.9, 50, 99.9, 100)
    bins = ["pct_0", *["pct_under_10"] * 2, *["pct_10_24"] * 2, *["pct_25_49"] * 2]
    assert [bin_of(percent) for percent in percents] == [*bins, "pct_50_99", "pct_50_99", "pct_100"]
    assert replace(VISIT, roof="pct_10_24", roof_pct=None).roof_pct == 17
    assert replace(VISIT, roof="cannot_tell", roof_pct=None).roof_pct is None


@given(percent=st.floats(0, 100))
def test_every_percentage_lies_in_the_bin_whose_words_hold_it(percent: float) -> None:
    look = replace(VISIT, roof=bin_of(percent), roof_pct=percent)
    assert look.is_failing(10) == (percent >= 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parcel_id": " "}, "no parcel_id"),
        ({"year": 24}, "year of a look is 24"),
        ({"roof": "half", "roof_pct": None}, "roof is 'half'"),
        ({"roof": "pct_0", "roof_pct": 30.0}, "want one"),
        ({"roof_pct": 130.0}, "want 0 to 100"),
        ({"signs": ("hole",)}, "signs is 'hole'"),
        ({"sides": ("N",)}, "sides is 'N'"),
        ({"disposition": "gone"}, "disposition is 'gone'"),
        ({"confuser": "cat"}, "confuser is 'cat'"),
        ({"chance": 0.0}, "chance of a look is 0"),
        ({"reader": 0}, "reader of a look is 0"),
        ({"said_at": datetime(2024, 5, 2)}, "with its zone"),
    ],
)
def test_a_look_that_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(VISIT, **change)  # type: ignore[arg-type]  # wrong on purpose


def test_the_same_said_twice_is_one_look() -> None:
    later = replace(VISIT, said_at=VISIT.said_at + timedelta(days=1), seconds=3.0)
    assert later.look_id == VISIT.look_id
    assert len(VISIT.look_id) == 64

    changes: tuple[dict[str, object], ...] = (
        {"day": date(2024, 5, 3)},
        {"who": "B"},
        {"signs": ("wall_bulge",)},
        {"note": ""},
        {"corrects": VISIT.look_id},
    )
    others = {replace(VISIT, **change).look_id for change in changes}  # type: ignore[arg-type]  # each fits its field
    assert len(others | {VISIT.look_id}) == len(changes) + 1


def test_times_are_kept_in_utc() -> None:
    eastern = timezone(timedelta(hours=-4))
    look = replace(VISIT, said_at=datetime(2024, 5, 2, 22, tzinfo=eastern))
    assert look.said_at == datetime(2024, 5, 3, 2, tzinfo=UTC)
    assert look.said_at.tzinfo == UTC


def make_photo_look(**answers: str) -> Look:
    return Look(
        parcel_id="0216 001",
        year=2024,
        who="B",
        source="desk",
        means=Means.PHOTO,
        said_at=VISIT.said_at,
        roof=answers.get("roof", ""),
        disposition=answers.get("disposition", ""),
    )


def test_only_an_answer_about_the_roof_tells_whether_it_fails() -> None:
    assert make_photo_look(roof="pct_under_10").is_failing(10) is False
    assert make_photo_look(roof="pct_10_24").is_failing(10) is True
    assert make_photo_look(roof="cannot_tell").is_failing(10) is None
    assert make_photo_look().is_failing(10) is None
    assert make_photo_look(disposition="emergency_demolition_referred").is_failing(10) is None
    assert make_photo_look(disposition="no_roof_defect").is_failing(10) is False
    is_of_photo = {
        name: make_photo_look(disposition=name).is_of_photo
        for name in ("razed", "repaired", "duplicate", "occupied", "monitor")
    }
    assert [name for name, known in is_of_photo.items() if known] == ["occupied", "monitor"]


def test_a_look_in_words() -> None:
    assert describe(VISIT) == "25 to 49% of the roof open; stabilize"
    assert describe(make_photo_look(roof="pct_0")) == "no open roof found"
    assert describe(make_photo_look(roof="cannot_tell")) == "could not tell"
    assert describe(make_photo_look(disposition="no_access")) == "no access"
    assert describe(make_photo_look()) == "nothing said of the roof"
