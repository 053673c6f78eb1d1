"""A demo city as strangers deliver it: other names, columns, formats, folders, and decoys."""

import os
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely

SYNONYMS: dict[str, tuple[str, ...]] = {
    "parcel_id": ("PIN", "BLOCKLOT", "ParcelNum", "APN", "HANDLE", "opa_id", "parcelpin", "KEYNO"),
    "block": ("BLK", "BlockNo", "CITYBLOCK", "SQUARE"),
    "address": ("FULLADDR", "SITEADDR", "prop_addr", "Address", "WHERE_IS"),
    "neighborhood": ("NBHD", "NEIGHBOR", "Nbrhood", "COMMUNITY", "CSA"),
    "fire_district": ("BATTALION", "FireDist", "BN", "EngineCo", "ESZ"),
    "inspection_district": ("INSP_DIST", "InspArea", "CodeEnf", "District"),
    "occupied": ("OCC_STAT", "Occupied", "OCCUPANCY", "Inhabited", "LIVED_IN"),
    "notice_date": ("DateNotice", "IssueDate", "NOTICE_DT", "posted_on", "CASE_OPEN"),
    "year": ("YEAR", "FlightYr", "photo_year", "SEASON"),
    "roof_pct": ("OPEN_PCT", "pct_open", "RoofPct", "SEVERITY"),
    "source": ("SOURCE", "method", "SeenByWho", "CAPTURE"),
    "alias": ("ALIAS", "other_name"),
}
"""How cities call what the demo calls by one name; `init` knows no hint for the last of most."""
FILES = {
    "parcels": ("parcels", "tax_parcels", "prcl"),
    "vacant": ("VBN", "vacant_list", "abandoned"),
    "labels": ("survey", "labels", "findings"),
    "buildings": ("footprints", "bldg", "structures"),
    "addresses": ("addr_points", "situs", "address_list"),
    "wards": ("wards", "council_districts"),
    "permits": ("permits", "bp_export"),
}
SAYS_YEAR = ("folder", "files", "note", "header", "nothing")
"""What says of which year photos are."""
LONGEST_COLUMN = 10
"""Characters of a column of a shapefile."""


@dataclass(kw_only=True)
class Delivered:
    """What was delivered, and what a city file should say."""

    folder: Path
    """Where it is."""
    rng: np.random.Generator
    """Everything random."""
    is_named: bool
    """Whether names are those of other cities, rather than meaningless."""
    truth: dict[str, object] = field(default_factory=dict)
    """Value of each key, such as "vacant.id"; years by "flyover " and the folder."""

    def word(self) -> str:
        """Return a name that means nothing."""
        letters = list(string.ascii_lowercase + string.digits)
        return "q" + "".join(self.rng.choice(letters, 5))

    def file(self, role: str, suffix: str) -> Path:
        """Return a path for a table, in a folder of its own or not."""
        name = str(self.rng.choice(FILES[role])) if self.is_named else self.word()
        folder = self.folder
        for _ in range(int(self.rng.integers(0, 3))):
            folder = folder / self.word()
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{name}{suffix}"

    def rename(self, columns: Sequence[str]) -> dict[str, str]:
        """Return a new name for each column, none twice."""
        names: dict[str, str] = {}
        for column in columns:
            name = column
            if self.is_named and column in SYNONYMS:
                name = str(self.rng.choice(SYNONYMS[column]))
            elif not self.is_named:
                name = self.word().upper()
            names[column] = name[:LONGEST_COLUMN]
        return names

    def say(self, section: str, names: dict[str, str], columns: dict[str, str]) -> None:
        """Remember which column each key should name."""
        for key, column in columns.items():
            self.truth[f"{section}.{key}"] = names[column]


def deliver(demo: Path, folder: Path, *, seed: int, is_named: bool) -> Delivered:
    """Write a demo city under other names.

    Args:
        demo: Folder of the demo city.
        folder: Where it is written; it must be new.
        seed: Seed of everything random.
        is_named: See `Delivered`.
    """
    to = Delivered(folder=folder, rng=np.random.default_rng(seed), is_named=is_named)
    lots = gpd.read_file(demo / "parcels.gpkg")
    _deliver_parcels(to, lots)
    _deliver_layers(to, demo, lots)
    _deliver_vacant(to, demo)
    _deliver_labels(to, demo)
    _deliver_others(to, demo, lots)
    for year_folder in sorted((demo / "flyover").iterdir()):
        _deliver_photos(to, year_folder)
    return to


def _deliver_parcels(to: Delivered, lots: gpd.GeoDataFrame) -> None:
    """Write the parcels with columns that could be taken for others."""
    count = len(lots)
    table = lots.assign(
        objectid=np.arange(1, count + 1),
        area=lots.geometry.area.round(2),
        owner=to.rng.choice(["ABC LLC", "DEF TRUST", "XYZ HOLDINGS"], count),
        owner_addr=[f"{number} ELSEWHERE RD" for number in to.rng.integers(1, 9999, count)],
        year_built=to.rng.integers(1900, 1960, count),
        zone=to.rng.choice(["R-8", "R-7", "C-1"], count),
        improved=to.rng.choice(["Y", "N"], count, p=[0.9, 0.1]),
    )
    own = [column for column in table.columns if column != "geometry"]
    names = to.rename(own)
    if to.is_named:
        names |= {"owner_addr": "OwnerAddr", "year_built": "YEAR_BUILT", "zone": "ZONECODE"}
    order = [names[column] for column in to.rng.permutation(own)]
    table = gpd.GeoDataFrame(table.rename(columns=names))[[*order, "geometry"]]
    to.truth["parcels.path"] = _write_layer(to, "parcels", table)
    keys = ("block", "address", "neighborhood", "fire_district", "inspection_district", "occupied")
    to.say("parcels", names, {"id": "parcel_id"} | {key: key for key in keys})


def _write_layer(to: Delivered, role: str, table: gpd.GeoDataFrame) -> Path:
    """Write a layer in a format drawn by lot."""
    suffix = str(to.rng.choice([".gpkg", ".shp", ".geojson", ".fgb"]))
    path = to.file(role, suffix)
    placed = table.to_crs(4326) if suffix == ".geojson" else table
    placed.to_file(path, engine="pyogrio")
    return path


def _deliver_layers(to: Delivered, demo: Path, lots: gpd.GeoDataFrame) -> None:
    """Write building outlines, and four wards that hold the parcels."""
    houses = gpd.read_file(demo / "buildings.gpkg")
    houses = houses.rename(columns=to.rename(["building_id"]))
    to.truth["footprints.path"] = _write_layer(to, "buildings", houses)

    left, bottom, right, top = lots.total_bounds
    x = (left + right) / 2
    y = (bottom + top) / 2
    boxes = [
        shapely.box(west, south, east, north)
        for west, east in ((left, x), (x, right))
        for south, north in ((bottom, y), (y, top))
    ]
    name = to.rename(["ward"])["ward"]
    wards = gpd.GeoDataFrame({name: ["East", "North", "South", "West"]}, geometry=boxes)
    to.truth["[audit.areas].path"] = _write_layer(to, "wards", wards.set_crs(lots.crs))


def _deliver_vacant(to: Delivered, demo: Path) -> None:
    table = _read(demo / "vacant.csv")
    count = len(table)
    table["notice_no"] = [f"N{number:06d}" for number in to.rng.permutation(count)]
    table["closed"] = np.where(to.rng.random(count) < 0.1, "2023-05-01", "")
    names = to.rename(list(table.columns))
    names |= {"closed": "DateCancel"} if to.is_named else {}
    suffix = str(to.rng.choice([".csv", ".xlsx"]))
    path = to.file("vacant", suffix)
    renamed = table.rename(columns=names)
    if suffix == ".csv":
        renamed.to_csv(path, index=False)
    else:
        renamed.to_excel(path, index=False)
    to.truth["vacant.path"] = path
    to.say("vacant", names, {"id": "parcel_id", "notice_date": "notice_date"})


def _deliver_labels(to: Delivered, demo: Path) -> None:
    table = _read(demo / "labels.csv")
    names = to.rename(list(table.columns))
    path = to.file("labels", ".csv")
    table.rename(columns=names).to_csv(path, index=False)
    to.truth["labels.path"] = path
    columns = {"id": "parcel_id", "year": "year", "roof_pct": "roof_pct", "source": "source"}
    to.say("labels", names, columns)


def _deliver_others(to: Delivered, demo: Path, lots: gpd.GeoDataFrame) -> None:
    """Write the addresses of dispatch, and permits, which are keys with days too."""
    table = _read(demo / "addresses.csv")
    names = to.rename(list(table.columns))
    path = to.file("addresses", ".csv")
    table.rename(columns=names).to_csv(path, index=False)
    to.truth["export.dispatch.addresses"] = path
    to.say("export.dispatch", names, {"address": "address", "alias": "alias"})

    some = lots["parcel_id"].sample(frac=0.6, random_state=int(to.rng.integers(1 << 30)))
    days = pd.Timestamp("2015-01-01") + pd.to_timedelta(to.rng.integers(0, 3000, len(some)), "D")
    permits = pd.DataFrame({"parcel_id": some, "issued": days.strftime("%Y-%m-%d")})
    permits["work"] = to.rng.choice(["ROOF", "PORCH", "FENCE"], len(some))
    names = to.rename(list(permits.columns))
    permits.rename(columns=names).to_csv(to.file("permits", ".csv"), index=False)


def _deliver_photos(to: Delivered, source: Path) -> None:
    """Link the photos of a year under shuffled names; what says the year is drawn by lot."""
    year = int(source.name)
    images = sorted(path for path in source.iterdir() if path.suffix in (".tif", ".jpg", ".jp2"))
    ways = [way for way in SAYS_YEAR if way != "header" or images[0].suffix == ".tif"]
    way = str(to.rng.choice(ways))
    name = f"{to.word()}_{year}" if way == "folder" else to.word()
    folder = to.folder / to.word() / name
    folder.mkdir(parents=True)

    for image in images:
        stem = f"{to.word()}_{year}" if way == "files" else to.word()
        for part in source.glob(f"{image.stem}.*"):
            target = folder / f"{stem}{part.name.removeprefix(image.stem)}"
            if way == "header":
                target.write_bytes(part.read_bytes())
                with rasterio.open(target, "r+") as opened:
                    opened.update_tags(TIFFTAG_DATETIME=f"{year}:03:05 12:00:00")
            else:
                os.link(part, target)
    if way == "note":
        (folder / "readme.txt").write_text(f"Imagery acquired {year}-03-05, delivered 2025-01-31.")
    to.truth[f"flyover {folder}"] = year


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)
