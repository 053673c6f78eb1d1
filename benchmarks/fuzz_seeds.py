"""What fuzzing begins with: a small valid city, and one valid file of each kind in its place."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import rasterio
import shapely
from rasterio.transform import from_origin

CRS = "EPSG:32618"
LEFT = 360_000.0
TOP = 4_350_000.0
GSD_M = 0.5
SIDE_PX = 48
PARCELS = 6
YEAR = "2023"
CALM = ("--executor", "serial", "--quiet")
CHECK = ("check", "city.toml", "--year", YEAR, *CALM)
PIXELS = ("check", "city.toml", "--year", YEAR, "--pixels", *CALM)
FINDINGS = ("findings", "city.toml", "findings.xlsx", "--by", "A. Tester", *CALM)
TILE = "flyover/a.tif"

CITY = """\
[city]
name = "Fuzzville"
workspace = "workspace"

[parcels]
path = "parcels.gpkg"
id = "parcel_id"
address = "address"

[vacant]
path = "vacant.csv"
id = "parcel_id"
notice_date = "notice_date"

[labels]
path = "labels.csv"
id = "parcel_id"
collapsed = "collapsed"
year = "year"

[[flyover]]
year = 2023
path = "flyover"
date = "2023-03-01"

[model]
gsd_m = 0.5
margin_m = 2.0

[looks]
columns = { parcel = "parcel", day = "visited", roof = "open" }
"""
AUX = f"""\
<PAMDataset>
  <SRS>{CRS}</SRS>
  <GeoTransform>{LEFT}, {GSD_M}, 0, {TOP}, 0, -{GSD_M}</GeoTransform>
</PAMDataset>
"""
"""What stands beside an image that cannot say itself where it lies."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of file, and the command that reads it."""

    file: str
    """Its path in the city."""
    command: tuple[str, ...]
    """Words of the command line."""
    named: tuple[str, str] = ("", "")
    """What the city file says of another file of this purpose, and what it says of this one."""
    instead: str = ""
    """The file in whose place it is."""
    beside: str = ""
    """A file that it cannot do without, `AUX` in it."""


KINDS = {
    "toml": Kind(file="city.toml", command=CHECK),
    "csv": Kind(file="vacant.csv", command=CHECK),
    "labels": Kind(file="labels.csv", command=CHECK),
    "gpkg": Kind(file="parcels.gpkg", command=CHECK),
    "geojson": Kind(
        file="parcels.geojson", command=CHECK, named=("parcels.gpkg", "parcels.geojson")
    ),
    "parquet": Kind(
        file="parcels.parquet", command=CHECK, named=("parcels.gpkg", "parcels.parquet")
    ),
    "table": Kind(file="vacant.parquet", command=CHECK, named=("vacant.csv", "vacant.parquet")),
    "book": Kind(file="vacant.xlsx", command=CHECK, named=("vacant.csv", "vacant.xlsx")),
    "findings": Kind(file="findings.xlsx", command=FINDINGS),
    "tiff": Kind(file=TILE, command=PIXELS),
    "tiff_tiled": Kind(file="flyover/t.tif", command=PIXELS, instead=TILE),
    "jpeg": Kind(
        file="flyover/a.jpg", command=PIXELS, instead=TILE, beside="flyover/a.jpg.aux.xml"
    ),
    "png": Kind(file="flyover/a.png", command=PIXELS, instead=TILE, beside="flyover/a.png.aux.xml"),
    "jp2": Kind(file="flyover/a.jp2", command=PIXELS, instead=TILE),
}


def write_city(folder: Path) -> None:
    """Write the valid city into an empty folder."""
    (folder / "flyover").mkdir(parents=True)
    (folder / "city.toml").write_text(CITY)
    parcels = _parcels()
    parcels.to_file(folder / "parcels.gpkg")
    ids = parcels["parcel_id"].tolist()
    vacant = pd.DataFrame({"parcel_id": ids, "notice_date": ["2020-05-01"] * len(ids)})
    vacant.to_csv(folder / "vacant.csv", index=False)
    labels = {"parcel_id": ids, "collapsed": [0, 1] * (len(ids) // 2), "year": [2023] * len(ids)}
    pd.DataFrame(labels).to_csv(folder / "labels.csv", index=False)
    _write_tile(folder / TILE, "GTiff", compress="deflate")


def place(kind: Kind, folder: Path, content: bytes) -> None:
    """Put a file of a kind into its place in a city, and let the city file name it."""
    if kind.instead:
        (folder / kind.instead).unlink()
    if kind.named[0]:
        path = folder / "city.toml"
        path.write_text(path.read_text().replace(*kind.named))
    if kind.beside:
        (folder / kind.beside).write_text(AUX)
    (folder / kind.file).write_bytes(content)


def write_seeds(folder: Path) -> dict[str, list[bytes]]:
    """Return valid contents of every kind.

    Args:
        folder: An empty folder to write in.
    """
    write_city(folder)
    parcels = _parcels()
    vacant = pd.read_csv(folder / "vacant.csv", dtype=str)
    parcels.to_crs(4326).to_file(folder / "parcels.geojson")
    parcels.to_parquet(folder / "parcels.parquet")
    vacant.to_parquet(folder / "vacant.parquet")
    vacant.to_excel(folder / "vacant.xlsx", index=False)
    _write_findings(folder / "findings.xlsx", vacant["parcel_id"].tolist())
    _write_tile(folder / "flyover/t.tif", "GTiff", tiled=True, blockxsize=16, blockysize=16)
    _write_tile(folder / "flyover/a.jpg", "JPEG")
    _write_tile(folder / "flyover/a.png", "PNG")
    _write_tile(folder / "flyover/a.jp2", "JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES")

    seeds = {name: [(folder / kind.file).read_bytes()] for name, kind in KINDS.items()}
    shutil.rmtree(folder)
    return seeds


def _parcels() -> gpd.GeoDataFrame:
    corners = [(LEFT + 2 + 7 * (n % 3), TOP - 11 - 11 * (n // 3)) for n in range(PARCELS)]
    shapes = [shapely.box(x, y, x + 6, y + 8) for x, y in corners]
    ids = [f"0100 {n:03d}" for n in range(1, PARCELS + 1)]
    addresses = [f"{100 + n} MAIN ST" for n in range(PARCELS)]
    return gpd.GeoDataFrame({"parcel_id": ids, "address": addresses}, geometry=shapes, crs=CRS)


def _write_findings(path: Path, ids: list[str]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["parcel", "visited", "open"])
    for share, parcel_id in zip(("0%", "30%", "100%"), ids, strict=False):
        sheet.append([parcel_id, "2023-05-02", share])
    book.save(path)


def _write_tile(path: Path, driver: str, **options: object) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (3, SIDE_PX, SIDE_PX), dtype=np.uint8)
    with rasterio.open(
        path,
        "w",
        driver=driver,
        width=SIDE_PX,
        height=SIDE_PX,
        count=3,
        dtype="uint8",
        crs=CRS,
        transform=from_origin(LEFT, TOP, GSD_M, GSD_M),
        **options,
    ) as tile:
        tile.write(pixels)
