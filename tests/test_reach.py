"""Parcels without a notice: who is on the list, in which order, and what visits say of it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from cities import CRS
from export_cases import export, make_inputs, make_roll, read_csv
from paper_numbers import read_paper, wrong_numbers
from reach_cases import Home, reach_ledger, reach_of
from site_cases import SiteLook
from year_cases import NOT_VISITED, VERDICT, reading_grade, write_page

from gis_export.housing.reach.figures import count_reach
from gis_export.housing.reach.files import LIST
from gis_export.housing.reach.listed import DRAWN, FOUND, SUGGESTED, list_parcels
from gis_export.report.papers.write import write_papers
from gis_export.report.reach import write_reach_figures
from gis_export.table.reach_inputs import ReachInputs
from gis_export.verify.folders import verify_folder
from imagery.errors import Unbalanced
from imagery.roll import outlines
from labels.draws.weights import REACH, REACH_RANDOM, is_for_its_score, is_of_draw

STREET = tuple(Home(parcel=f"{place:02d}", strength=0.9 - place / 100) for place in range(8))
MIXED = (
    Home(parcel="strong", strength=0.99, occupied="Y"),
    Home(parcel="permit", strength=0.98, permit="BMZ-7", outline="N"),
    Home(parcel="third", strength=0.97, occupied="N", permit="No", outline="Y"),
    Home(parcel="fourth", strength=0.96),
    Home(parcel="fifth", strength=0.95),
    Home(parcel="doubt", strength=0.94, note="may have no building, looks like grass or soil"),
    Home(parcel="other", strength=0.93, district="D0"),
    Home(parcel="nowhere", strength=0.92, district=""),
    Home(parcel="sound", strength=0.2, suggests="N"),
    Home(parcel="hidden"),
)


def test_strongest_of_each_district_and_what_speaks_against_them() -> None:
    """By hand: two of each district, marked ones apart and after them, none that was not scored."""
    listed = list_parcels(reach_of(*MIXED))
    rows = listed[["district", "RANK_DIST", "parcel_id", "AGAINST"]].to_numpy(object).tolist()
    assert rows == [
        ["D0", 1, "other", ""],
        ["D1", 1, "third", ""],
        ["D1", 2, "fourth", ""],
        ["D1", 3, "strong", "occupied by the city's own data"],
        ["D1", 4, "permit", "permit: BMZ-7; no building outline on the parcel"],
        ["", 1, "nowhere", ""],
    ]
    assert set(listed["STATE"]) == {SUGGESTED}
    assert set(listed["CHOSEN"]) == {REACH}


def test_a_drawn_parcel_stays_drawn_whatever_people_find() -> None:
    """Of 8 the two strongest are on the list, 3 of the 6 others are drawn: chance one half."""
    before = list_parcels(reach_of(*STREET, random=3))
    drawn = before[before["STATE"] == DRAWN]
    assert len(drawn) == 3
    assert not {"00", "01"} & set(drawn["parcel_id"])
    assert set(drawn["CHANCE"]) == {"0.5"}
    assert set(drawn["CHOSEN"]) == {REACH_RANDOM}
    assert drawn["RANK_DIST"].isna().all()

    first, *others = drawn["parcel_id"].tolist()
    looks = (
        SiteLook(parcel=first, failing="N", chosen=REACH_RANDOM),
        SiteLook(parcel="00", failing="N", chosen=REACH),
    )
    after = list_parcels(reach_of(*STREET, random=3, looks=looks))
    assert after.loc[after["STATE"] == DRAWN, "parcel_id"].tolist() == others
    suggested = after.loc[after["STATE"] == SUGGESTED, "parcel_id"].tolist()
    assert suggested[0] == "01"
    assert not {"00", *drawn["parcel_id"]} & set(suggested)


def test_found_failing_stays_first_until_a_later_visit_and_the_lived_in_leave() -> None:
    looks = (
        SiteLook(parcel="07", failing="Y", chosen=REACH, year=2025, day="2025-05-02"),
        SiteLook(parcel="00", disposition="occupied", chosen=REACH),
        SiteLook(parcel="01", disposition="no_access", chosen=REACH),
    )
    listed = list_parcels(reach_of(*STREET, looks=looks))
    assert listed[["parcel_id", "STATE"]].to_numpy().tolist() == [
        ["07", FOUND],
        ["01", SUGGESTED],
        ["02", SUGGESTED],
    ]
    repaired = SiteLook(parcel="07", disposition="repaired", chosen=REACH)
    later = list_parcels(reach_of(*STREET, looks=(*looks, repaired)))
    assert later["parcel_id"].tolist() == ["01", "02"]


def test_false_alarms_and_misses_by_hand() -> None:
    """Of the list 2 of 3 fail, one was locked; of 2 at random one fails; one was sent by nobody."""
    looks = (
        *(SiteLook(parcel=name, failing="Y", chosen=REACH) for name in ("00", "gone")),
        SiteLook(parcel="01", failing="Y", chosen=REACH, day="2026-05-02"),
        SiteLook(parcel="01", failing="N", chosen="own round", day="2026-06-02"),
        SiteLook(parcel="02", disposition="no_access", chosen=REACH),
        SiteLook(parcel="03", failing="Y", chosen=REACH_RANDOM),
        SiteLook(parcel="04", disposition="no_roof_defect", chosen=REACH_RANDOM),
        SiteLook(parcel="05", failing="Y", chosen="own round"),
        SiteLook(parcel="06", failing="Y", chosen=REACH, year=2025, day="2025-06-02"),
    )
    found = count_reach(reach_of(*STREET, looks=looks))
    assert (found.visited.judged, found.visited.open, found.visited.unjudged) == (3, 2, 1)
    assert (found.off_list.judged, found.off_list.open) == (2, 1)
    # Clopper and Pearson by hand: 2 or 3 of 3 come with 3 p^2 - 2 p^3, 0 or 1 of 2 with 1 - p^2.
    assert found.visited.least == pytest.approx(0.13535, abs=1e-4)
    assert pytest.approx(0.05, abs=1e-4) == 3 * 0.13535**2 - 2 * 0.13535**3
    assert found.off_list.most == pytest.approx(0.95**0.5, abs=1e-6)
    assert found.sentences == [
        "Of 3 parcels of the list judged on site 2 had a failing roof: 67% (90%: 14% to 98%). "
        "The other was a false alarm. 1 more could not be judged.",
        "Of 2 parcels drawn at random off the list and judged on site 1 had a failing roof. At "
        "most 97.5% of such parcels have one (95%).",
    ]


def test_nothing_is_said_where_nobody_went() -> None:
    found = count_reach(reach_of(*MIXED))
    assert [found.parcels, found.suggests, found.listed, found.marked] == [10, 8, 4, 2]
    assert found.not_scored == {"no_imagery": 1}
    assert all(sentence.startswith("Nobody has judged") for sentence in found.sentences)
    facts = json.loads(json.dumps(found.facts, allow_nan=False))
    assert facts["visited"]["share"] is None
    assert facts["off_list"]["most"] is None


def test_a_row_that_was_not_scored_says_nothing() -> None:
    table = reach_ledger(*MIXED).table
    with pytest.raises(Unbalanced, match="not scored says something"):
        replace(reach_ledger(*MIXED), table=table.assign(suggests="N"))
    with pytest.raises(Unbalanced, match="twice"):
        replace(reach_ledger(*MIXED), table=pd.concat([table, table]))


def test_what_the_list_chose_is_fair_to_nobody_else() -> None:
    chosen = pd.Series([REACH, REACH_RANDOM, "draw 1: random", ""])
    assert is_of_draw(chosen).tolist() == [False, False, True, True]
    assert is_for_its_score(chosen).tolist() == [True, True, True, False]


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every product but those of the list, by its path."""
    own = (f"housing/{LIST}", f"housing/{Path(LIST).stem}.xlsx", "housing/schema.ini")
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    left_out = (*own, "housing/SHA256SUMS", "export_parts.json")
    return {name: data for name, data in found.items() if name not in left_out}


def test_no_other_product_changes_by_a_byte(tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(4))
    without = export(inputs, tmp_path / "without")
    homes = (Home(parcel="=9999 001", strength=0.9), Home(parcel="9999 002", strength=0.8))
    reach = export(replace(inputs, reach=reach_of(*homes, random=1)), tmp_path / "with")

    assert files_of(reach) == files_of(without)
    assert len(files_of(without)) > 80
    assert (reach / "housing" / LIST).is_file()
    assert (reach / "housing/check_for_a_notice.xlsx").is_file()
    assert not list(without.rglob("check_for*"))
    listed = read_csv(reach / "housing" / LIST)
    assert listed["PARCEL_ID"].tolist() == ["'=9999 001", "9999 002"]
    assert not {"RISK_LVL", "RISK_TXT", "SCORE", "PRIORITY"} & set(listed.columns)
    words = " ".join(listed["STATE"])
    assert not [word for word in ("LIKELY", "POSSIBLE", "NOT SEEN", "safe") if word in words]
    assert verify_folder(reach, inputs.ledger) == []

    vacant = str(inputs.roll.table["parcel_id"].iloc[0])
    text = (reach / "housing" / LIST).read_text().replace("9999 002", vacant)
    (reach / "housing" / LIST).write_text(text)
    findings = [str(finding) for finding in verify_folder(reach, inputs.ledger)]
    assert [one for one in findings if "names parcels that carry a vacancy notice" in one]


VISITS = (
    SiteLook(parcel="00", failing="Y", chosen=REACH),
    SiteLook(parcel="01", failing="N", chosen=REACH),
    SiteLook(parcel="05", failing="N", chosen=REACH_RANDOM),
)


def test_papers_say_what_reach_looks_at_and_count_it(tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(4))
    reach = reach_of(*STREET, *MIXED, random=3)
    files = write_page(replace(inputs, reach=reach), tmp_path, NOT_VISITED)
    pd.DataFrame({"verdict": ["not compared"]}).to_csv(files.report.equity, index=False)
    resident = files.report.resident_page.read_text(encoding="utf-8")

    def write(found: ReachInputs | None) -> tuple[str, str]:
        """Return the model card and the fact sheet."""
        write_reach_figures(found, files.report.reach)
        write_papers(files, inputs, trained=None, verdict=VERDICT)
        report = files.report
        return report.model_card.read_text("utf-8"), report.fact_sheet.read_text("utf-8")

    card, sheet = write(reach)
    assert "nobody has judged a roof of the list on site" in card
    for page in (sheet, resident):
        assert "It does not look at homes" not in page
        told = re.findall(r"<(?:p|li)[ >](.*?)</(?:p|li)>", page, flags=re.DOTALL)
        words = " ".join(re.sub(r"<[^>]+>", "", part.partition(">")[2] or part) for part in told)
        assert reading_grade(words) <= 8

    card, _ = write(reach_of(*STREET, *MIXED, looks=VISITS, random=3))
    assert "cannot tell a vacant house from one that people live in" in card
    assert "nobody has judged a roof of the list on site" not in card
    plain = re.sub(r"\]\[\d+\]", "]", card)
    assert "of [2] parcels of the list that were judged on site [1] had a failing roof" in plain
    assert "False alarms: [1]. Visited, and the roof could not be judged: [0]." in plain
    for name in ("model_card.md", "datasheet.md", "nist_ai_rmf.md"):
        paper = files.report.folder / name
        assert wrong_numbers(files.folder, paper) == {}
        assert any("report/reach.json" in cited.title for cited in read_paper(paper).cited)

    card, sheet = write(None)
    assert "Parcels without a vacancy notice were not looked at" in card
    assert "It does not look at homes" in sheet


def test_a_wall_of_the_house_next_door_is_no_building(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three lots of 6 m: a house on the first and to the edge of the second, a shed of 3 m2."""
    monkeypatch.setattr(outlines, "AT_ONCE", 2)
    lots = gpd.GeoSeries([shapely.box(6 * x, 0, 6 * x + 6, 12) for x in range(3)], crs=CRS)
    houses = [shapely.box(0, 2, 6, 10), shapely.box(13, 1, 14, 4)]
    buildings = gpd.GeoSeries(houses, crs=CRS)
    assert outlines.are_built(lots, buildings).tolist() == [True, False, False]
    larger = gpd.GeoSeries([*houses, shapely.box(15, 1, 16, 3)], crs=CRS)
    assert outlines.are_built(lots, larger).tolist() == [True, False, True]
