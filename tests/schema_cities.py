"""Twenty made-up lots in the schema and the CRS of a real city."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from pyproj import CRS, Transformer
from rasterio.transform import from_origin

from imagery.crs import meters_per_unit

LOTS = 20
PER_ROW = 10
VACANT = range(0, LOTS, 2)
"""Every second lot has a notice."""
LOT_M = (6.0, 16.0)
STREET_M = 8.0
GSD_M = 0.5
TILE_PX = (96, 144)
YEAR = 2023
Columns = Mapping[str, list[str] | list[int] | list[float]]


@dataclass(frozen=True, kw_only=True)
class SchemaCity:
    """A city's published schema, filled with rows that are made up."""

    crs: str
    """CRS of its layers."""
    lon_lat: tuple[float, float]
    """A place in it, degrees."""
    parcels: Columns
    """Columns of its parcels, 20 rows."""
    notices: Columns
    """Columns of its notices, 10 rows."""
    as_points: bool = False
    """Notices are a layer of points, rather than a CSV."""
    lon: str = ""
    """Column of the longitude in the CSV."""
    lat: str = ""
    """Column of the latitude."""


def numbered(pattern: str, places: range = range(LOTS)) -> list[str]:
    """Return a text for each lot: {n} is its number from 1, {row} its row, {lot} that in it."""
    return [
        pattern.format(n=place + 1, row=place // PER_ROW + 1, lot=place % PER_ROW + 1)
        for place in places
    ]


def of_vacants(pattern: str) -> list[str]:
    """Return a text for each vacant lot."""
    return numbered(pattern, VACANT)


def days(month: int, *, us: bool = False) -> list[str]:
    """Return a day for each vacant lot; no text of `us` can be read as another day."""
    if us:
        return [f"{month:02d}/{13 + place % 10}/2021" for place in VACANT]
    return [f"2021-{month:02d}-{13 + place % 10}" for place in VACANT]


SCHEMAS = {
    "baltimore": SchemaCity(
        crs="EPSG:2248",
        lon_lat=(-76.64, 39.30),
        as_points=True,
        parcels={
            "OBJECTID": list(range(1, LOTS + 1)),
            "BLOCKLOT": numbered("021{row} {lot:03d}"),
            "BLOCK": numbered("021{row}"),
            "LOT": numbered("{lot:03d}"),
            "FULLADDR": numbered("{n}01 W MADEUP ST"),
            "NEIGHBOR": ["SAMPLE HILL"] * 10 + ["PAPER MILL"] * 10,
            "NO_IMPRV": ["N"] * 19 + ["Y"],
            "VACIND": ["Y", "N"] * 10,
            "YEAR_BUILD": [1920] * LOTS,
            "ZONECODE": ["R-8   "] * LOTS,
        },
        notices={
            "NoticeNum": of_vacants("20{n:04d}"),
            "DateNotice": days(3),
            "DateCancel": [""] * 9 + ["2022-01-20"],
            "DateAbate": [""] * 10,
            "BLOCKLOT": of_vacants("021{row}{lot:03d}"),
            "Address": of_vacants("{n}01 W MADEUP ST"),
            "Neighborhood": ["SAMPLE HILL"] * 5 + ["PAPER MILL"] * 5,
            "Council_District": ["9"] * 10,
        },
    ),
    "philadelphia": SchemaCity(
        crs="EPSG:2272",
        lon_lat=(-75.16, 39.99),
        lon="lng",
        lat="lat",
        parcels={
            "PARCELID": numbered("{n}7701"),
            "TENCODE": numbered("77{n:02d}010001"),
            "ADDRESS": numbered("{n}01 N MADEUP ST"),
            "OWNER1": numbered("OWNER OF {n}"),
            "BLDG_DESC": ["ROW 2 STY MASONRY"] * LOTS,
            "BRT_ID": numbered("1621{n:02d}500"),
            "GROSS_AREA": [1033.5 + place for place in range(LOTS)],
            "PIN": numbered("1001{n:02d}4401"),
        },
        notices={
            "objectid": list(range(1, 11)),
            "casenumber": of_vacants("CF-2021-{n:05d}"),
            "casecreateddate": days(2),
            "violationdate": days(3),
            "violationcodetitle": ["VACANT BUILDING UNSECURED"] * 10,
            "violationresolutiondate": [""] * 9 + ["2022-02-20"],
            "opa_account_num": of_vacants("1621{n:02d}500"),
            "address": of_vacants("{n}01 N MADEUP ST"),
        },
    ),
    "detroit": SchemaCity(
        crs="EPSG:2898",
        lon_lat=(-83.10, 42.36),
        lon="longitude",
        lat="latitude",
        parcels={
            "parcel_id": numbered("2200{n:04d}."),
            "address": numbered("{n}01 MADEUP"),
            "zip_code": ["48204"] * LOTS,
            "taxpayer_1": numbered("TAXPAYER OF {n}"),
            "taxpayer_address": numbered("{n} ELSEWHERE AVE"),
            "tax_status_description": ["TAXABLE"] * LOTS,
            "total_square_footage": [3200.5 + place for place in range(LOTS)],
            "year_built": [1924] * LOTS,
            "zoning_district": ["R2"] * LOTS,
        },
        notices={
            "ticket_number": of_vacants("2100{n:04d}DAH"),
            "parcel_id": of_vacants("2200{n:04d}."),
            "address": of_vacants("{n}01 MADEUP"),
            "ticket_issued_date": days(4),
            "hearing_date": days(6),
            "violation_description": ["Vacant building not secured"] * 10,
        },
    ),
    "cleveland": SchemaCity(
        crs="EPSG:3734",
        lon_lat=(-81.64, 41.48),
        parcels={
            "parcelpin": numbered("101120{n:02d}"),
            "parcel_owner": numbered("OWNER OF {n}"),
            "parcel_addr": numbered("{n}01 E MADEUP AVE"),
            "last_transfer_date": ["2005-05-17"] * LOTS,
            "tax_luc_description": ["1-FAMILY PLATTED LOT"] * LOTS,
        },
        notices={
            "PARCEL_NUMBER": of_vacants("101-12-0{n:02d}"),
            "PRIMARY_ADDRESS": of_vacants("{n}01 E MADEUP AVE"),
            "FILE_DATE": days(2, us=True),
            "ISSUE_DATE": days(3, us=True),
            "OCCUPANCY_OR_USE": ["VACANT"] * 10,
        },
    ),
    "st_louis": SchemaCity(
        crs="ESRI:102696",
        lon_lat=(-90.23, 38.65),
        parcels={
            "HANDLE": numbered("1{n:04d}900100"),
            "CITYBLOCK": numbered("371{row}"),
            "PARCEL": numbered("{n}0"),
            "SITEADDR": numbered("{n}01 MADEUP AVE"),
            "OWNERNAME": numbered("OWNER OF {n}"),
            "NBRHD": ["59"] * 10 + ["60"] * 10,
            "WARD": ["11"] * LOTS,
        },
        notices={
            "HANDLE": of_vacants("1{n:04d}900100"),
            "ADDRESS": of_vacants("{n}01 MADEUP AVE"),
            "REGDATE": days(5),
            "STATUS": ["VACANT BUILDING"] * 10,
        },
    ),
}


def write_schema_city(city: SchemaCity, folder: Path) -> None:
    """Write parcels, notices, buildings and a tile of one flyover."""
    folder.mkdir(parents=True, exist_ok=True)
    unit_m = meters_per_unit(CRS(city.crs))
    to_crs = Transformer.from_crs(4326, city.crs, always_xy=True)
    left, top = to_crs.transform(*city.lon_lat)

    lots = [_lot(place, left, top, unit_m) for place in range(LOTS)]
    parcels = gpd.GeoDataFrame(dict(city.parcels), geometry=lots, crs=city.crs)
    parcels.to_file(folder / "parcels.gpkg")
    houses = gpd.GeoDataFrame(geometry=[_house(lot) for lot in lots], crs=city.crs)
    houses.to_file(folder / "buildings.gpkg")
    _write_notices(city, parcels, folder)
    _write_tile(city, folder / "ortho_2023" / "a.tif", (left, top), unit_m)


def _lot(place: int, left: float, top: float, unit_m: float) -> shapely.Polygon:
    width, depth = LOT_M
    x = left + (2 + place % PER_ROW * width) / unit_m
    y = top - (2 + place // PER_ROW * (depth + STREET_M)) / unit_m
    return shapely.box(x, y - depth / unit_m, x + width / unit_m, y)


def _house(lot: shapely.Polygon) -> shapely.Polygon:
    """Return the front half of a lot."""
    left, bottom, right, top = lot.bounds
    return shapely.box(left, (bottom + top) / 2, right, top)


def _write_notices(city: SchemaCity, parcels: gpd.GeoDataFrame, folder: Path) -> None:
    middles = gpd.GeoSeries(parcels.geometry.iloc[list(VACANT)].centroid)
    table = pd.DataFrame(dict(city.notices))
    if city.as_points:
        points = gpd.GeoDataFrame(table, geometry=middles.to_numpy(), crs=city.crs)
        points.to_file(folder / "notices.gpkg")
        return
    degrees = middles.to_crs(4326)
    if city.lon:
        table[city.lon] = degrees.x.to_numpy()
        table[city.lat] = degrees.y.to_numpy()
    table.to_csv(folder / "notices.csv", index=False)


def _write_tile(city: SchemaCity, path: Path, corner: tuple[float, float], unit_m: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = TILE_PX
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([columns, rows, np.full_like(rows, 90)]).astype(np.uint8)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=3,
        height=height,
        width=width,
        dtype="uint8",
        crs=city.crs,
        transform=from_origin(*corner, GSD_M / unit_m, GSD_M / unit_m),
        photometric="RGB",
    ) as target:
        target.write(pixels)
