"""`roofwatch snapshot` of layers that QGIS Server and MapServer publish, on bad days too.

    apt install qgis-server python3-qgis cgi-mapserver
    python -m benchmarks.wfs_servers

320 made-up parcels, one without a place, some with a hole or of two parts, with leading zeros,
umlauts, nulls, dates and columns called `id`, `name` and `order`, are published from a GeoPackage
in feet (EPSG:2248) and from one in degrees (EPSG:4326). A proxy counts what is asked.

- The snapshot is compared with the file: rows, every value, and every corner of every outline.
- Then each request fails once in each way of `FAULTS`, and then the command is killed once its
  second page is here: the same rows must be there in the end.
- A MapServer that counts no more rows than it gives in one answer must be refused, not half copied.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.request import urlopen

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from benchmarks.fault_proxy import Proxy, Weather, proxy
from benchmarks.wfs_hosts import MAPSERVER, QGIS_SERVER, Program, mapserver, qgis_server, serve
from imagery.services.failures import Failed
from imagery.services.wfs_answers import read_hits

COUNT = 320
PAGE_ROWS = 100
LAYERS = {"feet": 2248, "degrees": 4326}
"""Published layers, and the codes of their CRS."""
FAULTS = ("503", "cut", "reset", "short", "exception")
WITHOUT_PLACE = 5
CITY = """
[city]
name = "Tried"
workspace = "workspace"

[parcels]
path = "{address}"
layer = "{layer}"
id = "parcel_id"

[vacant]
path = "vacant.csv"
id = "parcel_id"

[[flyover]]
year = 2024
path = "flyover"

[snapshot]
page_rows = {page_rows}
wait_s = 0.01
requests_per_s = 1000
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One layer of one server."""

    name: str
    """Of the server and what it offers."""
    layer: str
    """Of `LAYERS`."""
    version: str
    """Which the server speaks."""
    program: Program
    """The server."""


def main() -> None:
    """Try every case."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    missing = [str(path) for path in (QGIS_SERVER, MAPSERVER) if not path.exists()]
    if missing:
        raise SystemExit(f"no {', '.join(missing)}: see the packages in the docstring")
    with tempfile.TemporaryDirectory() as folder:
        sources = {name: write_source(Path(folder), name) for name in LAYERS}
        print(f"{'server':16} {'layer':8} {'weather':10} exit  hits  rows asked  wall  compared")
        for case in make_cases(Path(folder), sources):
            with serve(case.program) as port, proxy(port) as between:
                try_case(case, sources[case.layer], between, Path(folder) / "city")


def make_cases(folder: Path, sources: dict[str, Path]) -> Iterator[Case]:
    """Publish each layer with each server."""
    qgis = qgis_server(list(sources.values()), folder)
    for layer, epsg in LAYERS.items():
        yield Case(name="QGIS Server", layer=layer, version="1.1.0", program=qgis)
        for has_json in (False, True):
            program = mapserver(sources[layer], epsg, folder, has_json=has_json)
            name = f"MapServer {'GeoJSON' if has_json else 'GML'}"
            yield Case(name=name, layer=layer, version="2.0.0", program=program)
    program = mapserver(
        sources["feet"], LAYERS["feet"], folder, has_json=False, most_rows=PAGE_ROWS
    )
    yield Case(name="MapServer limit", layer="feet", version="2.0.0", program=program)


def try_case(case: Case, source: Path, between: Proxy, city: Path) -> None:
    """Copy a layer on a calm day, with every fault, and with a kill; print a line of each."""
    address = f"http://127.0.0.1:{between.server_port}/wfs"
    is_limited = case.name == "MapServer limit"
    for weather in ("calm",) if is_limited else ("calm", *FAULTS, "killed"):
        write_city(city, address, case.layer)
        between.weather = Weather(fault=weather if weather in FAULTS else "")
        if weather == "killed":
            kill_midway(city)
            between.weather = Weather()
        began = time.monotonic()
        ended = start(city)
        said = ended.communicate()[0].strip()
        wall_s = time.monotonic() - began
        asked = between.weather.asked
        between.weather = Weather()
        hits = ask_hits(address, case)
        kept = sorted(city.glob("workspace/sources/*/parcels.gpkg"))
        rows = gpd.read_file(kept[-1]) if kept else None
        words = said.splitlines()[-1] if rows is None else compare(rows, gpd.read_file(source))
        count = 0 if rows is None else len(rows)
        print(
            f"{case.name:16} {case.layer:8} {weather:10} {ended.returncode:4} {hits:5} {count:5} "
            f"{asked:5} {wall_s:5.1f}  {words}{note_of(said)}",
            flush=True,
        )


def compare(rows: gpd.GeoDataFrame, source: gpd.GeoDataFrame) -> str:
    """Say in what a snapshot differs from the file that was published."""
    found = rows.set_index("parcel_id").sort_index()
    wanted = source.set_index("parcel_id").sort_index()
    unserved = wanted.index.difference(found.index)
    places_unserved = int(wanted.loc[unserved].geometry.notna().sum())
    wanted = wanted.loc[wanted.index.intersection(found.index)]
    if not found.index.equals(wanted.index):
        return "other keys, or keys twice"
    columns = [name for name in wanted.columns if name != "geometry"]
    differing = sum(
        texts(found[name]) != texts(wanted[name]) for name in columns if name in found.columns
    )
    empty = sum(int(((found[name] == "") & wanted[name].isna()).sum()) for name in columns)
    more = [name for name in found.columns if name not in (*wanted.columns, "id", "fid")]
    less = [name for name in columns if name not in found.columns]
    said = [
        f"outlines off by {outlines_off_m(found, wanted) * 1000:.3f} mm in EPSG:{epsg_of(rows)}",
        f"{differing} of {len(columns)} columns differ",
    ]
    if empty:
        said.append(f"{empty} nulls are empty text")
    if len(unserved):
        said.append(f"{len(unserved)} not served, {places_unserved} of them with a place")
    for words, names in (("more columns", more), ("fewer columns", less)):
        if names:
            said.append(f"{words}: {', '.join(names)}")
    return "; ".join(said)


def texts(column: Sequence[object]) -> list[str]:
    """Return values as text; null and empty text are alike, and so are 5 and 5.0."""
    values = ["" if value is None or value != value else str(value) for value in column]
    return [value.removesuffix(".0").removesuffix(" 00:00:00") for value in values]


def epsg_of(rows: gpd.GeoDataFrame) -> int | None:
    """Return the code of the CRS of rows."""
    return CRS(rows.crs).to_epsg()


def outlines_off_m(found: gpd.GeoDataFrame, wanted: gpd.GeoDataFrame) -> float:
    """Return how far the farthest corner of any outline is from where it should be, meters.

    Infinite where one has more or fewer corners, or a place that it should not have.
    """
    in_meters = wanted.to_crs(found.crs).to_crs(26918).geometry
    pairs = zip(found.to_crs(26918).geometry, in_meters, strict=True)
    return max(corners_off_m(one, other) for one, other in pairs)


def corners_off_m(one: shapely.Geometry | None, other: shapely.Geometry | None) -> float:
    """Return how far the farthest corner is from the other outline, meters."""
    if one is None or other is None:
        return 0.0 if one is other else np.inf
    if shapely.get_num_coordinates(one) != shapely.get_num_coordinates(other):
        return np.inf
    return float(shapely.hausdorff_distance(one, other))


def write_source(folder: Path, name: str) -> Path:
    """Write the parcels as a GeoPackage, in the CRS of a layer."""
    path = folder / f"{name}.gpkg"
    make_parcels().to_crs(LAYERS[name]).to_file(path, layer=name)
    return path


def make_parcels() -> gpd.GeoDataFrame:
    """Return parcels that are made up, in feet."""
    numbers = range(COUNT)
    days = [date(2019, 12, 28) + timedelta(days=number) for number in numbers]
    shapes = [make_outline(number) for number in numbers]
    columns = {
        "parcel_id": [f"{number // 40:04d} {number % 40 + 1:03d}" for number in numbers],
        "zip": [f"0210{number % 9}" for number in numbers],
        "address": [f"{n} Müllerstraße & Söhne <{n % 3}>" if n % 4 else None for n in numbers],
        "inspected": [days[number] if number % 5 else None for number in numbers],
        "units": [float(number % 6) if number % 6 else None for number in numbers],
        "value": [number + 0.1 if number % 13 else None for number in numbers],
        "order": [f"{number % 3}" for number in numbers],
        "name": [f"Name {number}" for number in numbers],
        "id": [f"{number:06d}" for number in numbers],
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=LAYERS["feet"])


def make_outline(number: int) -> shapely.Geometry | None:
    """Return the outline of a parcel: a lot, some with a hole, some of two lots, one not at all."""
    if number == WITHOUT_PLACE:
        return None
    left = 1_420_000 + number % 20 * 60 + number * 0.0137
    bottom = 590_000 + number // 20 * 130 + number * 0.0071
    lot = shapely.box(left, bottom, left + 45.3, bottom + 110.7)
    yard = shapely.box(left + 10, bottom + 10, left + 20, bottom + 31.9)
    outline = lot.difference(yard) if number % 7 == 0 else lot
    other = shapely.box(left, bottom + 5_000, left + 20, bottom + 5_030)
    return shapely.union(outline, other) if number % 11 == 0 else outline


def write_city(city: Path, address: str, layer: str) -> None:
    """Write the file of a city anew, without a workspace."""
    shutil.rmtree(city, ignore_errors=True)
    (city / "flyover").mkdir(parents=True)
    (city / "vacant.csv").write_text("parcel_id\n0000 001\n", encoding="utf-8")
    text = CITY.format(address=address, layer=layer, page_rows=PAGE_ROWS)
    (city / "city.toml").write_text(text, encoding="utf-8")


def start(city: Path) -> "subprocess.Popen[str]":
    """Start the snapshot of a city."""
    return subprocess.Popen(
        [sys.executable, "-m", "roofwatch", "snapshot", str(city / "city.toml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def kill_midway(city: Path) -> None:
    """Start a snapshot, and kill it once its second page is here.

    Raises:
        SystemExit: it ended before.
    """
    page = city / "workspace" / "sources" / ".parcels.pages" / "page_000001.json"
    process = start(city)
    while not page.exists():
        if process.poll() is not None:
            raise SystemExit(f"the snapshot ended before it was killed: {process.communicate()[0]}")
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def ask_hits(address: str, case: Case) -> int:
    """Return how many rows the server itself counts.

    Raises:
        SystemExit: it does not count.
    """
    names = "TYPENAMES" if case.version == "2.0.0" else "TYPENAME"
    asked = f"VERSION={case.version}&REQUEST=GetFeature&{names}={case.layer}&RESULTTYPE=hits"
    try:
        with urlopen(f"{address}?SERVICE=WFS&{asked}") as answer:
            return read_hits(answer.read())
    except Failed as failed:
        raise SystemExit(str(failed)) from None


def note_of(said: str) -> str:
    """Return what the snapshot itself noted."""
    notes = [line.partition("note: ")[2] for line in said.splitlines() if "note: " in line]
    return "".join(f"; told: {note}" for note in notes)


if __name__ == "__main__":
    main()
