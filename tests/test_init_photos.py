"""Which photos are the flyover of which year: names, notes, headers, ground, and doubts."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from cities import GSD_M, Roofwatch, write_raster
from init_cases import Delivery
from PIL import Image

from roofwatch.proposal.photo_days import common_years, days_in, flight_days_in, years_in
from roofwatch.proposal.photos import Reading


@pytest.fixture
def city(tmp_path: Path, roofwatch: Roofwatch) -> Delivery:
    """Return a delivery with lots and notices, without photos."""
    delivery = Delivery(folder=tmp_path / "given", roofwatch=roofwatch)
    delivery.write_lots()
    delivery.write_notices()
    return delivery


@pytest.mark.parametrize(
    ("text", "years", "days"),
    [
        ("ortho_2023", [2023], []),
        ("flown20240211_rgb", [2024], [date(2024, 2, 11)]),
        ("2024-02-11", [2024], [date(2024, 2, 11)]),
        ("tile_31500-5137", [], []),
        ("120230415", [], []),
        ("20231399", [], []),
        ("1820N2040E", [2040], []),
        ("r000_c2101", [], []),
    ],
)
def test_years_and_days_in_names(text: str, years: list[int], days: list[date]) -> None:
    """Digits beside digits are no year, and a year far ahead is a number of a grid."""
    expected = [year for year in years if year < 2030]
    assert years_in(text) == expected
    assert days_in(text) == days


def test_a_year_counts_that_all_names_share() -> None:
    """Grid numbers that look like years differ from file to file."""
    assert common_years(["2011_2012_2023", "2012_2013_2023"]) == [2012, 2023]
    assert common_years(["2011_1", "2012_1"]) == []


def test_a_note_counts_where_it_says_flown() -> None:
    """The day of a delivery is no day of a flight."""
    text = "Delivered 2024-05-01. Acquired: 2023-11-30 by us. Order 20220101."
    assert flight_days_in(text) == [date(2023, 11, 30)]


def test_the_day_of_the_flight_comes_from_a_note(city: Delivery) -> None:
    """The folder says the year, the report beside the photos says the day."""
    city.write_photos("a/ortho_2023")
    (city.folder / "a" / "ortho_2023" / "report.txt").write_text("Flight date: 2023-03-05")
    city.init()
    assert city.flyovers() == [{"year": 2023, "path": "given/a/ortho_2023", "date": "2023-03-05"}]


def test_the_year_of_a_delivery_is_no_year_of_a_flight(city: Delivery) -> None:
    """Photos flown in November may be delivered in May: the year and the day are in doubt."""
    city.write_photo("delivered_20240501/a.tif")
    city.init()
    assert city.flyovers() == []
    assert "which may tell of processing or delivery" in city.text
    assert "DOUBT date: it may be the day of processing or delivery" in city.text


def test_years_mixed_in_one_folder_become_globs(city: Delivery) -> None:
    """Names of files say which year each is of; check finds one tile of the later year."""
    for year in (2021, 2022):
        city.write_photo(f"all/r1_{year}.tif")
        city.write_photo(f"all/r2_{year}.tif", left=360_032.0)
    ran = city.init("--json")
    assert city.flyovers() == [
        {"year": 2021, "path": "given/all/*2021*"},
        {"year": 2022, "path": "given/all/*2022*"},
    ]
    checked = ran.answer["check"]
    assert isinstance(checked, dict)
    assert (checked["year"], checked["tiles"]) == (2022, 2)


def test_a_folder_above_photos_of_another_year_is_no_path_of_its_own(city: Delivery) -> None:
    """A path is searched through, so the older photos above are named by their suffix."""
    city.write_photo("ortho_2021/a.tif")
    city.write_photo("ortho_2021/new_2022/b.tif")
    city.init()
    assert city.flyovers() == [
        {"year": 2021, "path": "given/ortho_2021/*.tif"},
        {"year": 2022, "path": "given/ortho_2021/new_2022"},
    ]


def test_parts_of_one_year_are_one_flyover(city: Delivery) -> None:
    """The folder above both is the path where it holds nothing else."""
    city.write_photo("ortho_2021/east/a.tif")
    city.write_photo("ortho_2021/west/b.tif", left=360_032.0)
    city.write_photo("ortho_2020/c.tif")
    city.init()
    assert city.flyovers() == [
        {"year": 2020, "path": "given/ortho_2020"},
        {"year": 2021, "path": "given/ortho_2021"},
    ]


def test_two_sets_of_one_year_over_the_same_ground_are_a_doubt(city: Delivery) -> None:
    """Infrared beside color: one year, one ground, other pixels. Both are named in the comment."""
    city.write_photos("rgb_2023")
    pixels = np.full((3, 32, 32), 90, dtype=np.uint8)
    write_raster(city.folder / "cir_2023" / "a.tif", pixels, gsd=2 * GSD_M)
    city.write_photo("old_2021/a.tif")
    city.init()
    assert city.flyovers() == [{"year": 2021, "path": "given/old_2021"}]
    assert "DOUBT path: two sets of photos of one year show the same ground" in city.text
    assert '# path = "given/cir_2023"' in city.text
    assert '# path = "given/rgb_2023"' in city.text


def test_headers_alone_leave_a_doubt(city: Delivery) -> None:
    """TIFFTAG_DATETIME is often that of processing: --yes takes it, and says so."""
    city.write_photo("p/a.tif", TIFFTAG_DATETIME="2022:04:01 10:00:00")
    assert city.init().code == 3
    assert city.flyovers() == []
    assert "DOUBT year: only their headers (2022-04-01) says so" in city.text

    city.out.unlink()
    assert city.init("--yes").code == 0
    flyover = city.flyovers()[0]
    assert (flyover["year"], flyover["date"]) == (2022, "2022-04-01")


def test_no_two_flyovers_get_one_year(city: Delivery) -> None:
    """Nothing dates two folders, and labels are of 2022: the first gets it, the second none."""
    lots = city.write_lots()
    city.write_table("survey.csv", Key=lots["PIN_NO"], Collapsed=[0, 1] * 12, Year=[2022] * 24)
    city.write_photo("one/a.tif")
    city.write_photo("two/b.tif")
    assert city.init("--yes").code == 0
    assert city.flyovers() == [{"year": 2022, "path": "given/one"}]
    assert "# year: not found; looked for" in city.text


def test_names_that_contradict_each_other_leave_a_doubt(city: Delivery) -> None:
    """The folder says 2021 and its files 2019."""
    city.write_photo("ortho_2021/t_2019.tif")
    city.init()
    assert city.flyovers() == []
    assert "DOUBT year: 2019 from the names of its files" in city.text


def test_photos_of_nowhere_and_elsewhere(city: Delivery) -> None:
    """Photos far from the parcels are in doubt, and pictures without a place are a line."""
    city.write_photo("far_2021/a.tif", left=460_000.0)
    (city.folder / "desk_2022").mkdir()
    Image.new("RGB", (64, 64)).save(city.folder / "desk_2022" / "portrait.jpg")
    city.init()
    assert city.flyovers() == []
    assert "DOUBT path: they cover no parcel" in city.text
    assert "desk_2022: 1 images of which none can be used" in city.text


def test_photos_that_cannot_be_opened_are_lines(city: Delivery, tmp_path: Path) -> None:
    """MrSID has no open decoder, and a VRT may lead anywhere: both are named with a remedy."""
    city.write_photos("ortho_2023")
    (city.folder / "sid_2022").mkdir()
    (city.folder / "sid_2022" / "a.sid").write_bytes(b"msid")
    (city.folder / "ortho_2023" / "all.vrt").write_text("<VRTDataset/>")
    assert city.init().code == 0
    assert city.flyovers() == [{"year": 2023, "path": "given/ortho_2023"}]
    assert "MrSID, which has no open decoder; convert it to GeoTIFF" in city.text
    assert "a VRT; name it by hand" in city.text
    assert "cannot be opened: No such file" in Reading().read(tmp_path / "gone.tif").problem


def test_a_lost_crs_is_that_of_the_parcels_where_the_photos_cover_them(city: Delivery) -> None:
    """A world file gives the numbers, the parcels tell the CRS, and check agrees."""
    for path in city.write_photos("ortho_2023"):
        with rasterio.open(path) as source:
            pixels = source.read()
            a, b, c, d, e, f = source.transform[:6]
        path.unlink()
        Image.fromarray(pixels.transpose(1, 2, 0)).save(path.with_suffix(".png"))
        world = [a, d, b, e, c + a / 2, f + e / 2]
        path.with_suffix(".pgw").write_text("\n".join(map(str, world)))

    ran = city.init("--json")
    assert ran.code == 0, ran.err
    assert city.flyovers()[0]["crs"] == "EPSG:32618"
    assert "the files have no CRS; with that of the parcels they cover 100%" in city.text
