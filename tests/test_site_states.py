"""What a visit means for the row of a building: lines, days, the list, exclusion, dispute."""

from datetime import date

import pytest
from export_cases import make_roll
from site_cases import SiteLook, rows_with

from gis_export.table.settings import VisitSettings
from gis_export.table.site_visits import read_sides
from gis_export.table.visits import visited

A = "0216 001"
B = "0217 001"


def test_sound_roof_keeps_its_word_and_says_that_nobody_saw_it_open() -> None:
    row = rows_with(SiteLook(parcel=A, failing="N", roof_pct=0)).loc[A]

    assert row["RISK_LVL"] == "LIKELY"
    assert row["RISK_TXT"] == (
        "LIKELY: roof open or failing in photo, not seen on site (photo 2026-03-09)"
    )
    assert row["VISIT_TXT"] == "visited 2026-05-02: no open roof seen"
    assert row["VERIFIED"] == "N"
    assert (row["REVIEW_BY"], row["NEXT_VISIT"]) == (date(2027, 5, 2), date(2027, 5, 2))


def test_visit_before_the_photo_hides_nothing() -> None:
    rows = rows_with(SiteLook(parcel=A, failing="N", day="2025-06-01", year=2025))
    row = rows.loc[A]

    assert row["RISK_TXT"] == "LIKELY: roof open or failing in photo, unverified (photo 2026-03-09)"
    assert row["VISIT_TXT"] == "visited 2025-06-01, before this photo: no open roof seen"
    assert row["NEXT_VISIT"] is None
    assert visited(rows, VisitSettings()).all()


def test_year_alone_stays_a_year_and_hides_nothing() -> None:
    row = rows_with(SiteLook(parcel=A, failing="N", day="")).loc[A]

    assert row["VISIT_TXT"] == "visited 2026, day not recorded: no open roof seen"
    assert (row["LAST_VISIT"], row["NEXT_VISIT"]) == (None, None)

    older = rows_with(SiteLook(parcel=A, failing="N", day="", year=2024)).loc[A]
    assert older["VISIT_TXT"] == (
        "visited 2024, day not recorded, before this photo: no open roof seen"
    )


@pytest.mark.parametrize(
    ("day", "review"), [("2026-05-02", date(2027, 5, 2)), ("2025-05-02", date(2026, 5, 2))]
)
def test_review_of_a_confirmed_roof_counts_from_the_visit(day: str, review: date) -> None:
    """Not from the flight of 2026-03-09, whether the visit is older or newer."""
    row = rows_with(SiteLook(parcel=A, failing="Y", day=day, roof_pct=40)).loc[A]

    assert (row["RISK_LVL"], row["ROOF_PCT"]) == ("CONFIRMED", "25-49")
    assert row["VER_DATE"] == date.fromisoformat(day)
    assert row["REVIEW_BY"] == review
    assert row["VISIT_TXT"] == ""
    assert ("REVIEW DUE" in row["RISK_TXT"]) == (review < date(2026, 6, 1))


@pytest.mark.parametrize("failing", ["Y", "N"])
def test_visited_roof_leaves_the_list_until_it_is_due(failing: str) -> None:
    look = SiteLook(parcel=A, failing=failing)
    settings = VisitSettings(per_district=1)

    rows = rows_with(look, today=date(2027, 5, 2))
    assert rows[visited(rows, settings)].index.tolist() == ["0218 001", "0219 001"]

    due = rows_with(look, today=date(2027, 5, 3))
    assert visited(due, settings)[A]


@pytest.mark.parametrize("look", [SiteLook(parcel=A), SiteLook(parcel=A, disposition="no_access")])
def test_visit_that_found_nothing_out_stays_on_the_list(look: SiteLook) -> None:
    row = rows_with(look).loc[A]
    said = "no access" if look.disposition else "roof not judged"
    assert row["VISIT_TXT"] == f"visited 2026-05-02: {said}"
    assert row["LAST_VISIT"] == date(2026, 5, 2)
    assert row["NEXT_VISIT"] is None


@pytest.mark.parametrize("reason", ["razed", "occupied"])
def test_building_that_is_gone_or_lived_in_is_excluded_with_its_reason(reason: str) -> None:
    rows = rows_with(SiteLook(parcel=A, disposition=reason, failing="Y"))
    row = rows.loc[A]

    assert (row["STATUS"], row["RISK_LVL"], row["NA_REASON"]) == ("excluded", "NA", reason)
    assert (row["SCORED"], row["VERIFIED"], row["PHOTO_LVL"]) == ("N", "N", "LIKELY")
    assert row[["SCORE", "RANK", "RANK_DIST"]].isna().all()
    assert (row["PRIORITY"], row["WHY"]) == (0, f"{reason} +0")
    assert not visited(rows, VisitSettings())[A]


def test_exclusion_ends_with_a_later_finding_a_later_notice_or_age() -> None:
    """The second building has a notice of 2015-01-31; people who live in a house move out."""
    later = rows_with(
        SiteLook(parcel=A, disposition="razed", day="2026-04-01"), SiteLook(parcel=A, failing="Y")
    )
    assert later.loc[A, "RISK_LVL"] == "CONFIRMED"

    notice = rows_with(SiteLook(parcel=B, disposition="razed", day="2014-12-01", year=2014))
    assert notice.loc[B, "STATUS"] == "scored"

    for reason, status in (("occupied", "scored"), ("razed", "excluded")):
        look = SiteLook(parcel=A, disposition=reason, day="2025-04-01", year=2025)
        assert rows_with(look).loc[A, "STATUS"] == status


@pytest.mark.parametrize("disposition", ["repaired", "no_roof_defect"])
def test_repaired_is_a_sound_roof_and_no_exclusion(disposition: str) -> None:
    row = rows_with(
        SiteLook(parcel=A, failing="Y", day="2026-04-01"),
        SiteLook(parcel=A, disposition=disposition),
    ).loc[A]
    assert (row["STATUS"], row["RISK_LVL"]) == ("scored", "LIKELY")
    assert row["VISIT_TXT"] == "visited 2026-05-02: no open roof seen"


def test_findings_of_one_day_that_contradict_each_other_are_disputed() -> None:
    """The worse one stands for responders, the list keeps the building, nothing is dropped."""
    looks = (SiteLook(parcel=A, failing="Y"), SiteLook(parcel=A, failing="N"))
    for order in (looks, looks[::-1]):
        rows = rows_with(*order)
        row = rows.loc[A]
        assert (row["RISK_LVL"], row["VISIT_TXT"]) == ("CONFIRMED", "")
        assert row["DISPUTED"] == "findings of 2026-05-02 contradict each other"
        assert visited(rows, VisitSettings())[A]

    settled = rows_with(*looks, SiteLook(parcel=A, failing="N", day="2026-05-20")).loc[A]
    assert (settled["RISK_LVL"], settled["DISPUTED"]) == ("LIKELY", "")


def test_razed_and_open_on_one_day_is_not_left_out() -> None:
    row = rows_with(SiteLook(parcel=A, disposition="razed"), SiteLook(parcel=A, failing="Y")).loc[A]
    assert (row["RISK_LVL"], row["STATUS"]) == ("CONFIRMED", "scored")
    assert row["DISPUTED"] == "findings of 2026-05-02 contradict each other"


def test_dispute_is_open_until_a_finding_answers_it() -> None:
    finding = SiteLook(parcel=A, failing="Y")
    dispute = SiteLook(parcel=A, day="2026-05-10", source="Dispute", on_site=False)

    rows = rows_with(finding, dispute)
    assert rows.loc[A, "DISPUTED"] == "disputed 2026-05-10, not visited since"
    assert rows.loc[A, "RISK_LVL"] == "CONFIRMED"
    assert visited(rows, VisitSettings())[A]

    answered = rows_with(finding, dispute, SiteLook(parcel=A, failing="Y", day="2026-05-12"))
    assert answered.loc[A, "DISPUTED"] == ""
    year_only = SiteLook(parcel=B, day="", source="dispute", on_site=False)
    assert rows_with(year_only).loc[B, "DISPUTED"] == "disputed 2026, not visited since"


def test_sign_sides_and_demolition_come_from_the_latest_visit_that_knows() -> None:
    """By the roll, E and W of the first building are occupied."""
    emergency = "emergency_demolition_referred"
    rows = rows_with(
        SiteLook(parcel=A, failing="Y", sign_posted="Y", sides="n", disposition=emergency),
        SiteLook(parcel=A, failing="Y", day="2026-05-03", sides="cannot_tell"),
        SiteLook(parcel=B, failing="N", sign_posted="N", sides="none"),
    )
    known = ["SIGN_POST", "OCC_SIDES", "ADJ_OCC", "DEMO_FLG"]
    assert rows.loc[A, known].tolist() == ["Y", "N", "Y", "Y"]
    assert rows.loc[B, known].tolist() == ["N", "", "N", "U"]
    assert rows.loc["0218 001", known].tolist() == ["U", "U", "U", "U"]


def test_sides_of_an_old_visit_give_way_to_the_roll_and_the_sign_stays() -> None:
    look = SiteLook(parcel=A, failing="Y", sign_posted="Y", sides="n", day="2024-05-02", year=2024)
    row = rows_with(look).loc[A]
    assert make_roll(1).table["occupied_sides"].tolist() == ["E,W"]
    assert (row["OCC_SIDES"], row["SIGN_POST"]) == ("E,W", "Y")


@pytest.mark.parametrize(
    ("text", "sides"),
    [("E N", "N,E"), ("n,sw", "N,SW"), ("none", ""), ("", None), ("cannot_tell", None)],
)
def test_sides_are_written_in_the_order_of_the_compass(text: str, sides: str | None) -> None:
    assert read_sides(text) == sides
