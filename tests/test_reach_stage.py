"""[reach] on the tiny city: cut, scored and listed apart; nothing of it anywhere else."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from cities import (
    CITY_TOML,
    CRS,
    LEFT,
    ROW_TOPS_M,
    TOP,
    DoneCity,
    Roofwatch,
    make_houses,
    paint_city,
    write_tiles,
)
from export_cases import read_csv
from paper_cases import page_texts
from paper_numbers import wrong_numbers

from gis_export.housing.reach.figures import count_reach
from gis_export.housing.reach.files import LIST
from imagery.errors import ConfigError, InputError
from inference.reach import write_reach
from roofwatch.config import read_city
from roofwatch.miss_rate import find_visits
from roofwatch.seal import read_seals
from roofwatch.sealed_files import REACH as REACH_GROUP
from roofwatch.sealed_files import seal
from roofwatch.year import City
from roofwatch.year_reach import find_reach, reach_inputs, reach_looks, reach_notes

QUICK = ("--executor", "serial", "--quiet")
YEAR = ("--year", 2023)
REACH = (
    '\n[reach]\nfield = "USE"\nvalues = ["res"]\npermit = "PERMIT"\nper_district = 2\nrandom = 1\n'
)
OCCUPIED = CITY_TOML.replace('block = "block"', 'block = "block"\noccupied = "LIVED_IN"') + (
    "\n[export.visits]\npackets = 0\n"
)
MAIN = (
    "ledger.parquet",
    "ledger.csv",
    "chips/manifest.parquet",
    "chips/features.parquet",
    "chips/flyover_stats.json",
    "report/drift.json",
    "report/looked.json",
    "report/model.json",
)
"""What the vacants leave, which parcels without a notice must not touch."""


def more_lots() -> gpd.GeoDataFrame:
    """Return two lots a row in the gap of the tiny city; the first of each row is failing."""
    rows = []
    for line, top_m in enumerate(ROW_TOPS_M):
        for number in range(2):
            west = LEFT + 35 + 6 * number
            rows.append(
                {
                    "parcel_id": f"88{line}X {number:03d}",
                    "block": f"B{line}G",
                    "address": f"{900 + number} Gap {line}",
                    "battalion": "Bn 1",
                    "failing": 1 - number,
                    "USE": "COM" if line == 3 else "Res",
                    "LIVED_IN": "Y" if line == 0 else "",
                    "PERMIT": "BMZ-7" if line == 1 else "0",
                    "geometry": shapely.box(west, TOP - top_m - 12, west + 6, TOP - top_m),
                }
            )
    return gpd.GeoDataFrame(rows, crs=CRS)


@dataclass(frozen=True, kw_only=True)
class ReachCity:
    """The tiny city with parcels that carry no notice."""

    path: Path
    """City file with [reach]."""
    plain: Path
    """City file without it."""

    @property
    def year(self) -> Path:
        """Return the folder of the year."""
        return self.path.parent / "workspace/2023"

    def open(self, path: Path | None = None) -> City:
        """Return the city at work."""
        return City(file=read_city(path or self.path), quiet=True)

    def main_files(self) -> dict[str, bytes]:
        """Return what the vacants left."""
        return {name: (self.year / name).read_bytes() for name in MAIN}


@pytest.fixture(scope="module")
def city(done_city: DoneCity, tmp_path_factory: pytest.TempPathFactory) -> ReachCity:
    """Return a copy of the tiny city in 2023 and its model, with eight lots without a notice."""
    folder = tmp_path_factory.mktemp("reach") / "city"
    shutil.copytree(done_city.path.parent, folder)
    houses = make_houses().assign(USE="RES", LIVED_IN="N", PERMIT="")
    lots = gpd.GeoDataFrame(pd.concat([houses, more_lots()], ignore_index=True), crs=CRS)
    write_tiles(folder / "flyover/2023", paint_city(lots, 2023))
    lots.drop(columns="failing").to_file(folder / "parcels.gpkg")

    plain = folder / "city.toml"
    plain.write_text(OCCUPIED)
    path = folder / "reach.toml"
    path.write_text(OCCUPIED + REACH)
    return ReachCity(path=path, plain=plain)


@pytest.fixture(scope="module")
def before(city: ReachCity) -> dict[str, bytes]:
    """Return what `score` leaves without [reach]."""
    from roofwatch.stages.score import score

    score(city.open(city.plain).year(2023))
    return city.main_files()


@pytest.fixture(scope="module")
def exported(city: ReachCity, before: dict[str, bytes]) -> Iterator[ReachCity]:
    """Return the city scored and exported with [reach]."""
    from roofwatch.stages.export import export
    from roofwatch.stages.score import score

    year = city.open().year(2023)
    score(year)
    export(year)
    yield city


def test_vacants_are_scored_as_without_reach(exported: ReachCity, before: dict[str, bytes]) -> None:
    assert exported.main_files() == before


def test_parcels_without_a_notice_have_a_ledger_of_their_own(exported: ReachCity) -> None:
    table = pd.read_parquet(exported.year / "reach/reach.parquet").set_index("parcel_id")
    assert table.index.tolist() == [
        f"88{line}X {number:03d}" for line in range(3) for number in (0, 1)
    ]
    assert set(table["status"]) == {"scored"}
    assert table["suggests"].tolist() == ["Y", "N"] * 3
    assert table["occupied"].tolist() == ["Y", "Y", "", "", "", ""]
    assert not {"hazard", "score"} & set(table.columns)
    seals = read_seals(exported.open().workspace.audit)
    assert ("2023", "reach/reach.parquet") in seals
    assert ("2023", "reach/chips/manifest.parquet") in seals


def test_list_of_housing(exported: ReachCity) -> None:
    listed = read_csv(exported.year / "housing" / LIST)
    suggested = listed[listed["RANK_DIST"] != ""]
    first, *marked = suggested[["RANK_DIST", "PARCEL_ID", "AGAINST"]].to_numpy().tolist()
    assert first == ["1", "882X 000", ""]
    assert [row[0] for row in marked] == ["2", "3"]
    assert {row[1]: row[2] for row in marked} == {
        "880X 000": "occupied by the city's own data",
        "881X 000": "permit: BMZ-7",
    }
    (drawn,) = listed.loc[listed["CHOSEN"] == "check for a notice: random", "PARCEL_ID"]
    assert drawn in {"880X 001", "881X 001", "882X 001"}
    assert set(listed["visited_on"]) == {""}


def bytes_of(path: Path) -> bytes:
    """Return the bytes of a file, of an archive those of its members, of the fire book its text."""
    if path.name == "fire_book.pdf":
        return "".join(page_texts(path)).encode()
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_no_other_tier_names_one_of_them(exported: ReachCity) -> None:
    """By their ids, in every file, member of an archive, and text of what is printed for fire."""
    names = [name.encode() for name in more_lots()["parcel_id"]]
    folders = ("fire", "data", "public", "report", "explain", "housing", "../deliveries")
    found = set()
    looked = 0
    for folder in folders:
        for path in sorted((exported.year / folder).rglob("*")):
            if path.is_file():
                looked += 1
                if any(name in bytes_of(path) for name in names):
                    found.add(path.relative_to(exported.year).as_posix())
    assert looked > 150
    assert found == {f"housing/{LIST}", "housing/check_for_a_notice.xlsx"}
    ledger = pd.read_parquet(exported.year / "ledger.parquet")
    assert len(ledger) == 25


def test_papers_of_the_run(exported: ReachCity) -> None:
    assert json.loads((exported.year / "report/reach.json").read_text())["parcels"] == 6
    for name in ("model_card.md", "datasheet.md", "nist_ai_rmf.md"):
        assert wrong_numbers(exported.year, exported.year / "report" / name) == {}


def test_findings_count_for_the_list_alone(
    exported: ReachCity, roofwatch: Roofwatch, tmp_path: Path
) -> None:
    year = exported.open().year(2023)
    main = find_visits(year)
    labels = year.find_labels()
    listed = read_csv(exported.year / "housing" / LIST)
    is_random = listed["CHOSEN"].str.endswith("random")
    roofs = listed["PARCEL_ID"].map({"882X 000": "50 to 99%"}).fillna("0%")
    filled = tmp_path / "check.csv"
    listed.assign(visited_on="2023-05-02", roof_open=roofs).to_csv(filled, index=False)

    ran = roofwatch("findings", exported.path, filled, "--by", "Kim")
    assert ran.code == 0, ran.out
    assert f"only {LIST} of the next export knows them" in ran.out

    after = exported.open().year(2023)
    reach = reach_inputs(after)
    assert reach is not None
    found = count_reach(reach)
    assert (found.visited.judged, found.visited.open) == (int((~is_random).sum()), 1)
    assert (found.off_list.judged, found.off_list.open) == (1, 0)
    assert found.found == 1
    assert find_visits(after) == main
    assert labels is not None
    assert after.find_labels().sha256 == labels.sha256  # type: ignore[union-attr]  # there are some
    assert roofwatch("findings", exported.path, filled, "--by", "Kim", "--undo").code == 0


def test_audit_finds_and_repairs_a_broken_file(exported: ReachCity, roofwatch: Roofwatch) -> None:
    assert roofwatch("audit", exported.path).code == 0
    shard = next((exported.year / "reach/chips").glob("shard_*.bin"))
    whole = shard.read_bytes()
    shard.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    table = exported.year / "reach/reach.parquet"
    kept = table.read_bytes()
    table.write_bytes(kept + b"x")
    lines = roofwatch("audit", exported.path).out
    assert str(shard) in lines
    assert str(table) in lines
    assert roofwatch("audit", exported.path, "--repair", *QUICK).code == 0
    assert table.read_bytes() == kept
    assert shard.read_bytes() == whole


def test_a_visit_counts_when_the_parcel_has_got_its_notice(
    exported: ReachCity, roofwatch: Roofwatch, tmp_path: Path
) -> None:
    """Two visits by the list and one by nobody: that one is a matter of the vacants now."""
    visits = {"882X 000": "check for a notice", "882X 001": "", "881X 000": "check for a notice"}
    filled = tmp_path / "visits.csv"
    table = pd.DataFrame({"parcel_id": list(visits), "CHOSEN": list(visits.values())})
    table.assign(visited_on="2023-05-02", roof_open="100%").to_csv(filled, index=False)
    assert roofwatch("findings", exported.path, filled, "--by", "Kim").code == 0

    vacant = exported.path.with_name("vacant.csv")
    before = vacant.read_text()
    vacant.write_text(f"{before}882X 000,2023-06-01\n882X 001,2023-06-01\n")
    city = exported.open()
    roll = city.without_notice
    assert roll is not None
    assert not {"882X 000", "882X 001"} & set(roll.table["parcel_id"])
    looks = reach_looks(city.year(2023), roll)
    vacant.write_text(before)
    assert roofwatch("findings", exported.path, filled, "--by", "Kim", "--undo").code == 0
    assert sorted(looks["parcel_id"]) == ["881X 000", "882X 000"]


def test_a_year_that_was_not_scored_with_reach_says_so(exported: ReachCity, tmp_path: Path) -> None:
    table = exported.year / "reach/reach.parquet"
    kept = table.rename(tmp_path / "kept")
    assert reach_inputs(exported.open().year(2023)) is None
    kept.rename(table)
    assert reach_inputs(exported.open(exported.plain).year(2023)) is None

    figures = exported.year / "report/reach.json"
    kept = figures.rename(tmp_path / "figures")
    (note,) = reach_notes(exported.open().year(2023))
    assert "2023 was not scored with its parcels; score --year 2023 and export write" in note
    assert reach_notes(exported.open(exported.plain).year(2023)) == []
    kept.rename(figures)


def test_scores_of_another_model_make_no_list(exported: ReachCity) -> None:
    """A run that was killed after the vacants leaves parcels that the model before scored."""
    year = exported.open().year(2023)
    ledger = find_reach(year)
    assert ledger is not None
    write_reach(replace(ledger, table=ledger.table.assign(model_version="old/1")), year.files.reach)
    seal(year, REACH_GROUP)
    assert reach_inputs(exported.open().year(2023)) is None
    write_reach(ledger, year.files.reach)
    seal(year, REACH_GROUP)
    assert reach_inputs(exported.open().year(2023)) is not None


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("", 'got neither, want either parcels = "all" or field and values'),
        ('parcels = "some"', "parcels is 'some', want \"all\""),
        ('parcels = "all"\nfield = "USE"\nvalues = ["RES"]', "got both, want either"),
        ('field = "USE"', "got field alone, want field and values together"),
        ('parcels = "all"\nper_district = 0', "per_district is 0, want 1 or more"),
        ('parcels = "all"\nparcel = 1', "unknown key; did you mean"),
    ],
)
def test_sections_that_cannot_be(city: ReachCity, section: str, words: str) -> None:
    path = city.path.with_name("bad.toml")
    path.write_text(f"{OCCUPIED}\n[reach]\n{section}\n")
    with pytest.raises(ConfigError) as refused:
        read_city(path)
    path.unlink()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ('field = "USED"\nvalues = ["RES"]', "[reach] field: no column 'USED'; the file has"),
        ('parcels = "all"\npermit = "P"', "[reach] permit: no column 'P'; the file has"),
        (
            'field = "USE"\nvalues = ["RES", "IND"]',
            "[reach] values: no parcel has 'IND' in USE; it has 'RES' (24), 'Res' (6), 'COM' (2)",
        ),
        ('field = "PERMIT"\nvalues = [""]', "each of the 32 parcels carries a notice or is not"),
    ],
)
def test_columns_and_values_that_no_parcel_has(
    city: ReachCity, roofwatch: Roofwatch, section: str, words: str
) -> None:
    path = city.path.with_name("bad.toml")
    path.write_text(f"{OCCUPIED}\n[reach]\n{section}\n")
    with pytest.raises(InputError) as refused:
        _ = city.open(path).without_notice
    path.unlink()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
