"""The intake report: worked examples on tiny tiles, and the page read back."""

import json
import re
from datetime import date
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from cities import RasterWriter, Storage
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from imagery.chips.settings import TileSettings
from imagery.crs import crs_words
from imagery.flyover.flyover import make_flyover, read_files
from imagery.intake.inputs import IntakeInputs
from imagery.intake.page import draw_page, words_for_bytes, words_for_seconds, write_intake
from imagery.intake.report import BYTES_PER_PIXEL, Intake, make_intake
from imagery.roll.parcels import ROLL_COLUMNS, VacantRoll

UTM = "EPSG:32618"
WEST = 360_000.0
NORTH = 4_350_000.0
SIDE_M = 32.0
"""Side of a tile of 64 px. The grid of tiles begins at (WEST, NORTH)."""
SETTINGS = TileSettings(gsd_m=0.5, margin_m=2)
GRAY: NDArray[np.uint8] = np.full((3, 64, 64), 90, np.uint8)


def roll_of(shapes: list[BaseGeometry | None], crs: str = UTM) -> VacantRoll:
    """Make a roll of vacants with these outlines."""
    columns = {name: [""] * len(shapes) for name in ROLL_COLUMNS if name != "geometry"}
    columns["parcel_id"] = [f"p{number}" for number in range(len(shapes))]
    table = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    return VacantRoll(table=table, notices=len(shapes), joined_by_place=0, unmatched=())


def lot(east_m: float, south_m: float, side_m: float = 8.0) -> BaseGeometry:
    """Make a square lot; meters east and south of the grid's corner."""
    west = WEST + east_m
    north = NORTH - south_m
    return shapely.box(west, north - side_m, west + side_m, north)


def lay(
    folder: Path, write: RasterWriter, cells: list[tuple[int, int]], step_m: float = SIDE_M
) -> Path:
    """Write tiles of 32 x 32 m at (row, column)."""
    for row, column in cells:
        left = WEST + column * step_m
        top = NORTH - row * step_m
        write(folder / f"t{row}{column}.tif", GRAY, left=left, top=top, crs=UTM)
    return folder


def look(
    folder: Path,
    shapes: list[BaseGeometry | None],
    *,
    crs: str = UTM,
    shifts: tuple[str, ...] = (),
    flown: date | None = date(2023, 3, 1),
) -> Intake:
    """Make the report of a folder of tiles."""
    roll = roll_of(shapes, crs)
    files = read_files(2023, (str(folder),))
    inputs = IntakeInputs(
        city="Tinyville",
        roll=roll,
        flyover=make_flyover(files, flown, vacants=roll.lon_lat),
        settings=SETTINGS,
        shifts=shifts,
    )
    return make_intake(inputs)


def warnings_with(found: Intake, words: str) -> list[str]:
    """Return the warnings that contain these words."""
    return [line for line in found.warnings if words in line]


class Page(HTMLParser):
    """The tags and words of a page; a tag that is left open fails."""

    VOID = ("meta", "br", "img", "link", "input", "hr")

    def __init__(self, text: str) -> None:
        """Parse it."""
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep tag and attributes."""
        self.tags.append((tag, dict(attrs)))
        self.open += [] if tag in self.VOID else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag that is closed at once."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close it."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep what can be read."""
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def test_covered_partly_uncovered(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Two tiles side by side: on one, across the seam, over the rim, off, near, without outline."""
    folder = lay(tmp_path, write_raster, [(0, 0), (0, 1)])
    inside = lot(4, 4)
    seam = lot(28, 4)
    rim = lot(60, 4)
    off = lot(200, 4)
    near = lot(65, 20)

    found = look(folder, [inside, seam, rim, off, near, None])

    assert found.verdict == "GO"
    assert found.vacants == 6
    assert found.vacants_without_geometry == 1
    assert found.vacants_covered == 2
    assert found.vacants_partly_covered == 1
    assert found.vacants_uncovered == 2
    assert found.vacants_near_tiles == 4  # `near` begins 1 m beside the tile, the margin is 2 m
    assert found.ground_km2 == pytest.approx(2 * SIDE_M**2 / 1e6, abs=1e-4)
    assert warnings_with(found, "2 of 5 vacants with an outline lie on no tile, 1 only in part")

    assert found.work.vacants == 4
    # A chip shows 8 m and two margins of 2 m at 0.5 m per pixel.
    assert found.work.chips_bytes == 4 * 24 * 24 * BYTES_PER_PIXEL


def test_exact_to_the_centimeter(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Five centimeters over the rim is partly; flush with the rim is covered."""
    folder = lay(tmp_path, write_raster, [(0, 0)])
    found = look(folder, [lot(SIDE_M - 8, 0), lot(SIDE_M - 7.95, 8)])
    assert (found.vacants_covered, found.vacants_partly_covered) == (1, 1)


def test_most_uncovered_is_a_note_only(tmp_path: Path, write_raster: RasterWriter) -> None:
    """A flyover of only a part of the city is accepted with a note."""
    found = look(lay(tmp_path, write_raster, [(0, 0)]), [lot(4, 4), lot(200, 4), lot(300, 4)])
    assert (found.verdict, found.fixes) == ("GO", [])
    note = "more than half of the vacants lie on no tile: 2 of 3"
    assert any(line.startswith(note) for line in found.warnings)


def test_missing_tile(tmp_path: Path, write_raster: RasterWriter) -> None:
    """3 x 3 tiles: the middle one counts as missing, a corner only when a vacant lies in it."""
    missing = [(1, 1), (0, 2)]
    cells = [cell for cell in product(range(3), range(3)) if cell not in missing]
    folder = lay(tmp_path, write_raster, cells)

    assert look(folder, [lot(4, 4)]).missing_tiles == ["row 2 column 2"]

    found = look(folder, [lot(4, 4), lot(70, 10)])
    assert found.tile_grid == "3 rows x 3 columns"
    assert found.missing_tiles == ["row 1 column 3", "row 2 column 2"]
    assert found.vacants_uncovered == 1


def test_scattered_tiles_are_no_grid(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Tiles that follow no grid miss none."""
    for number, (east_m, south_m) in enumerate([(0, 0), (45, 7), (97, 31), (12, 88), (61, 70)]):
        left = WEST + east_m
        top = NORTH - south_m
        write_raster(tmp_path / f"t{number}.tif", GRAY, left=left, top=top, crs=UTM)

    found = look(tmp_path, [lot(4, 4), lot(80, 20)])
    assert (found.tile_grid, found.missing_tiles) == ("", [])


def test_overlap(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Two tiles 24 m apart share 8 of 56 m; tiles that meet share nothing."""
    overlapping = lay(tmp_path / "a", write_raster, [(0, 0), (0, 1)], step_m=24)
    found = look(overlapping, [lot(4, 4)])
    assert found.overlap_pairs == 1
    assert found.overlap_share == pytest.approx(8 / 56, abs=1e-3)

    meeting = lay(tmp_path / "b", write_raster, [(0, 0), (0, 1), (1, 0), (1, 1)])
    found = look(meeting, [lot(4, 4)])
    assert (found.overlap_pairs, found.overlap_share) == (0, 0.0)


def test_delivered_twice(tmp_path: Path, write_raster: RasterWriter) -> None:
    """A tile that lies on another is named with it."""
    folder = lay(tmp_path, write_raster, [(0, 0), (0, 1)])
    write_raster(folder / "again.tif", GRAY, left=WEST, top=NORTH, crs=UTM)

    found = look(folder, [lot(4, 4)])

    assert found.overlap_share == pytest.approx(0.5, abs=1e-3)
    assert warnings_with(found, "again.tif and t00.tif")


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        (2248, "US survey foot"),
        (2222, "international foot"),
        (2223, "international foot"),
        (2272, "US survey foot"),
        (32618, "meter"),
        (4326, "degree"),
    ],
)
@pytest.mark.parametrize("style", ["WKT1_GDAL", "WKT1_ESRI", "WKT2_2018"])
def test_units_in_words(code: int, unit: str, style: str) -> None:
    """Both kinds of foot are distinguished, however the CRS is written."""
    words = crs_words(rasterio.crs.CRS.from_epsg(code).to_wkt(version=style))
    assert (words.unit, words.epsg) == (unit, code)
    assert f"EPSG:{code}" in str(words)


def test_two_kinds_of_feet_meet(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Where parcels and imagery have different feet, a note says how far a mistake would move."""
    write_raster(tmp_path / "a.tif", GRAY, left=700_000, top=600_000, gsd=2, crs="EPSG:2222")
    place = shapely.box(700_020, 599_960, 700_040, 599_980)
    # Far from Maryland, yet the same spot.
    place_in_survey_feet = gpd.GeoSeries([place], crs="EPSG:2222").to_crs("EPSG:2248").iloc[0]

    same = look(tmp_path, [place], crs="EPSG:2222")
    mixed = look(tmp_path, [place_in_survey_feet], crs="EPSG:2248")

    assert (same.vacants_covered, mixed.vacants_covered) == (1, 1)
    assert warnings_with(same, "feet") == []
    (line,) = warnings_with(mixed, "feet")
    assert "parcels: US survey foot, imagery: international foot" in line
    assert "0.6 m off" in line  # 921,954 ft from the origin, 2 millionths of that


def write_deep_tile(path: Path, write: RasterWriter) -> None:
    """Write a gray tile of 16 bits with overviews."""
    deep = GRAY[:1].astype(np.uint16)
    storage: Storage = {"compress": "deflate", "tiled": True, "blockxsize": 16, "blockysize": 16}
    write(path, deep, left=WEST, top=NORTH - 32, crs=UTM, **storage)
    with rasterio.open(path, "r+") as target:
        target.build_overviews([2, 4])


def test_kinds(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Three kinds of tiles, by count; each is described by its header."""
    lay(tmp_path, write_raster, [(0, 0), (0, 1)])
    write_deep_tile(tmp_path / "deep.tif", write_raster)
    write_raster(
        tmp_path / "feet.tif",
        GRAY,
        left=1_419_000,
        top=590_700,
        gsd=0.25,
        crs="EPSG:2248",
        compress="jpeg",
        photometric="YCBCR",
    )

    found = look(tmp_path, [lot(4, 4)])

    plain, deep, survey = found.tile_kinds
    assert (plain.count, plain.driver, plain.decoder) == (2, "GTiff", "gdal")
    assert (plain.crs, plain.epsg, plain.unit) == ("WGS 84 / UTM zone 18N", 32618, "meter")
    assert plain.gsd_m == 0.5
    assert (plain.bands, plain.bits) == ("RGB", "8")
    assert (plain.compression, plain.overviews) == ("none", "none")

    assert (deep.bands, deep.bits) == ("gray", "16")
    assert (deep.compression, deep.block, deep.overviews) == ("deflate", "16 x 16", "2, 4")

    assert (survey.unit, survey.epsg) == ("US survey foot", 2248)
    assert (survey.gsd_m, survey.compression) == (0.0762, "jpeg")

    assert found.bands == {"3 x uint8": 3, "1 x uint16": 1}
    assert sum(found.crs.values()) == 4


def test_all_jpeg_is_decoded_by_turbo(tmp_path: Path, write_raster: RasterWriter) -> None:
    """One tile of another kind slows all down, and is named."""
    jpeg: Storage = {"compress": "jpeg", "photometric": "YCBCR"}
    for number in range(3):
        left = WEST + SIDE_M * number
        write_raster(tmp_path / f"{number}.tif", GRAY, left=left, top=NORTH, crs=UTM, **jpeg)
    assert look(tmp_path, [lot(4, 4)]).decoder == "libjpeg-turbo"

    write_raster(tmp_path / "odd.tif", GRAY, left=WEST, top=NORTH - SIDE_M, crs=UTM)
    found = look(tmp_path, [lot(4, 4)])
    assert found.decoder == "gdal"
    assert warnings_with(found, "1 of 4: odd.tif")


def test_wrong_crs(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Tiles of another zone: the fix names both CRS and the distance."""
    write_raster(tmp_path / "a.tif", GRAY, left=WEST, top=NORTH, crs="EPSG:32617")

    found = look(tmp_path, [lot(4, 4)])

    assert found.verdict == "FIX FIRST"
    (line,) = found.fixes
    for words in ("EPSG:32618", "EPSG:32617", "km apart", "-a_srs"):
        assert words in line
    distance_km = int(re.findall(r"([\d,]+) km apart", line)[0].replace(",", ""))
    assert 500 < distance_km < 530  # six degrees at 39.3 N
    assert (found.vacants_uncovered, found.ground_km2) == (1, 0.0)


def test_imagery_next_door(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Tiles nearby but under no vacant."""
    found = look(lay(tmp_path, write_raster, [(0, 0)]), [lot(SIDE_M + 100, 4)])
    assert found.verdict == "FIX FIRST"
    assert "100 m away" in found.fixes[0]


def test_coordinates_that_cannot_be(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Meters declared as degrees are named, and the page is drawn all the same."""
    found = look(lay(tmp_path, write_raster, [(0, 0)]), [lot(4, 4)], crs="EPSG:4326")
    assert found.verdict == "FIX FIRST"
    assert "EPSG:4326, degree" in found.fixes[0] and "cannot be" in found.fixes[0]
    draw_page(found)


def test_no_outline_at_all(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Notices that match no parcel."""
    found = look(lay(tmp_path, write_raster, [(0, 0)]), [None, None])
    assert found.fixes == [
        "none of 2 vacants has an outline; compare [parcels] id with [vacant] id"
    ]
    draw_page(found)


def test_stray_tile(tmp_path: Path, write_raster: RasterWriter) -> None:
    """One tile of many that is far away is a note, and does not shrink the map."""
    folder = lay(tmp_path, write_raster, [(0, 0), (0, 1)])
    write_raster(folder / "stray.tif", GRAY, left=WEST, top=NORTH, crs="EPSG:32633")

    found = look(folder, [lot(4, 4)])

    assert found.verdict == "GO"
    assert len(warnings_with(found, "more than 5 km away: 1: stray.tif (")) == 1
    assert found.tiles == 2
    assert "too far away to be drawn" not in draw_page(found)


def test_files_that_cannot_be_used(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Closed formats, an empty file and rubbish each have their line."""
    folder = lay(tmp_path, write_raster, [(0, 0)])
    for name, content in (("a.sid", b"x"), ("b.ecw", b"x"), ("c.tif", b""), ("d.tif", b"rubbish")):
        (folder / name).write_bytes(content)

    found = look(folder, [lot(4, 4)])

    assert (found.verdict, found.tiles, len(found.broken_tiles)) == ("GO", 1, 4)
    for line, words in zip(
        found.broken_tiles, ("MrSID", "ECW", "empty", "not an image"), strict=True
    ):
        assert words in line
    note = "4 files cannot be used"
    assert any(line.startswith(note) for line in warnings_with(found, "a.sid"))
    assert "gdal_translate" in "".join(Page(draw_page(found)).words)


def test_date_of_another_year(tmp_path: Path, write_raster: RasterWriter) -> None:
    """A tag of another year is named; so is a flight date that is missing or of another year."""
    folder = lay(tmp_path, write_raster, [(0, 0), (0, 1), (0, 2)])
    stamps = {
        "t00.tif": "2019:05:02 10:00:00",
        "t01.tif": "2023:03:01 11:00:00",
        "t02.tif": "no date",
    }
    for name, stamp in stamps.items():
        with rasterio.open(folder / name, "r+") as target:
            target.update_tags(TIFFTAG_DATETIME=stamp)

    found = look(folder, [lot(4, 4)])
    assert (found.flown, found.tile_dates) == ("2023-03-01", ["2019-05-02", "2023-03-01"])
    (line,) = warnings_with(found, "another year than 2023")
    assert "t00.tif 2019-05-02" in line and "t01" not in line

    undated = look(folder, [lot(4, 4)], flown=None)
    assert warnings_with(undated, "no flight date")
    early = look(folder, [lot(4, 4)], flown=date(2022, 12, 30))
    assert warnings_with(early, "listed as 2023")


def test_displaced_tiles(tmp_path: Path, write_raster: RasterWriter) -> None:
    """Lines of the registration stage go into page, warnings and JSON."""
    folder = lay(tmp_path, write_raster, [(0, 0)])

    found = look(folder, [lot(4, 4)], shifts=("t00.tif: 1.5 m east",))

    assert found.answer()["displaced_tiles"] == ["t00.tif: 1.5 m east"]
    assert "displaced tile: t00.tif: 1.5 m east" in found.warnings
    words = Page(draw_page(found)).words
    assert "Displaced tiles" in words and "t00.tif: 1.5 m east" in words
    assert "Displaced tiles" not in draw_page(look(tmp_path, [lot(4, 4)]))


def test_page(tmp_path: Path, write_raster: RasterWriter) -> None:
    """The page parses, makes no network requests, can be read aloud, and never says "safe"."""
    cells = [cell for cell in product(range(3), range(3)) if cell != (1, 1)]
    folder = lay(tmp_path / "fly", write_raster, cells)
    nasty = "<img src=x onerror=alert(1)>&'\"].tif"
    write_raster(folder / nasty, GRAY, left=WEST + 3 * SIDE_M, top=NORTH, crs=UTM)
    found = look(folder, [lot(4, 4), lot(28, 4), lot(40, 40), lot(93, 90), None])

    path = write_intake(found, tmp_path / "out")

    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert page.of("html")[0]["lang"] == "en"
    tags = {tag for tag, _ in page.tags}
    assert tags.isdisjoint({"img", "script", "link", "iframe", "object", "base"})
    names = {name for _, attributes in page.tags for name in attributes}
    assert names.isdisjoint({"src", "href"})
    assert [name for name in names if name.startswith("on")] == []
    assert re.findall(r"https?://", text.replace("http://www.w3.org/2000/svg", "")) == []
    assert "url(" not in text and "@import" not in text

    assert nasty in page.words
    assert "safe" not in text.lower()
    assert [cell for cell in page.of("th") if cell.get("scope") not in ("row", "col")] == []
    drawing = next(attributes for attributes in page.of("svg") if "role" in attributes)
    assert drawing["role"] == "img" and drawing["aria-labelledby"] == "map-title"
    classes = [attributes.get("class") for attributes in page.of("path")]
    assert classes.count("tile") == 9 + 1  # and one in the legend
    assert any(words.startswith("no tile: row 2 column 2") for words in page.words)
    assert {"GO", "Coverage", "North"} <= set(page.words)


def test_json_keeps_its_keys(tmp_path: Path, write_raster: RasterWriter) -> None:
    """check.json holds what others rely on, and no geometry."""
    found = look(lay(tmp_path / "fly", write_raster, [(0, 0)]), [lot(4, 4)])

    write_intake(found, tmp_path / "out")

    answer = json.loads((tmp_path / "out" / "check.json").read_text())
    assert {
        "city",
        "year",
        "verdict",
        "fixes",
        "warnings",
        "tiles",
        "broken_tiles",
        "crs",
        "gsd_m",
        "bands",
        "vacants",
        "vacants_without_geometry",
        "vacants_near_tiles",
        "notices",
        "notices_joined_by_place",
        "notices_unmatched",
        "expected_seconds",
        "displaced_tiles",
        "tile_kinds",
    } <= set(answer)
    assert "coverage" not in answer
    assert answer["tile_kinds"][0]["epsg"] == 32618
    assert answer == json.loads(json.dumps(found.answer()))


def test_many_vacants_stay_small(tmp_path: Path, write_raster: RasterWriter) -> None:
    """40,000 vacants are thinned, and the page says so."""
    folder = lay(tmp_path, write_raster, [(0, 0), (0, 1)])
    rng = np.random.default_rng(0)
    places_m = rng.uniform(0, 90, (40_000, 2)).tolist()
    shapes: list[BaseGeometry | None] = [lot(east, south, 0.1) for east, south in places_m]

    text = draw_page(look(folder, shapes))

    assert len(text) < 600_000
    assert "thinned" in text


def test_words_for_figures() -> None:
    """Bytes and seconds as people say them."""
    sizes = [words_for_bytes(count) for count in (2_300, 45_000_000, 2_340_000_000)]
    assert sizes == ["0.0 MB", "45.0 MB", "2.3 GB"]
    times = [words_for_seconds(seconds) for seconds in (9.4, 119, 300, 9000)]
    assert times == ["9 s", "119 s", "5.0 min", "2.5 h"]
