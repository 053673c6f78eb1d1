"""The intake report: what imagery is there, what is missing, GO or FIX FIRST. Headers only."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import jinja2
import shapely

from imagery.files import atomic_path
from imagery.flyover import Flyover
from imagery.parcels import VacantRoll
from imagery.plan import tile_outlines
from imagery.tiles import crs_facts
from imagery.tiling import TileSettings, roof_shapes

SECONDS_PER_PARCEL = 0.15
"""Cut and score on two cores, for the estimate."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What `check` found."""

    city: str
    """Name of the city."""
    year: int
    """Year of the flyover."""
    verdict: str
    """"GO" or "FIX FIRST"."""
    fixes: list[str]
    """What must be mended, a line each."""
    warnings: list[str]
    """What should be known, a line each."""
    tiles: int
    """Usable tiles."""
    broken_tiles: list[str]
    """Path and problem of every unusable file."""
    crs: dict[str, int]
    """Tiles by CRS name."""
    gsd_m: list[float]
    """Smallest and largest ground sample distance, meters."""
    bands: dict[str, int]
    """Tiles by number of bands used and pixel type."""
    vacants: int
    """Parcels on the roll."""
    vacants_without_geometry: int
    """Of these, without outline."""
    vacants_near_tiles: int
    """Of these, within reach of a tile."""
    notices: int
    """Vacancy notices read."""
    notices_joined_by_place: int
    """Notices joined by coordinates."""
    notices_unmatched: list[str]
    """Ids that match no parcel; they stay on the roll as NOT ASSESSED."""
    expected_seconds: float
    """Estimate for cutting and scoring."""


def make_intake(city: str, roll: VacantRoll, flyover: Flyover, settings: TileSettings) -> Intake:
    """Compare the roll with the tile headers of a year."""
    shapes, crs = roof_shapes(roll, None)
    ground = shapely.union_all([outline.buffer(0.5) for outline in tile_outlines(flyover.tiles, crs)])
    near = int(shapely.intersects(ground, shapely.buffer(shapes.dropna().to_numpy(), settings.margin_m)).sum())
    gsd = [tile.gsd_m for tile in flyover.tiles]
    fixes = [] if near else ["no vacant parcel lies on any tile; check the CRS of parcels and imagery"]
    warnings = [f"{Path(tile.path).name}: {tile.problem}" for tile in flyover.broken]
    if flyover.flown is None:
        warnings.append("no flight date; give [[flyover]] date, or rows cannot age")
    if flyover.white != 255:
        warnings.append(f"pixels deeper than 8 bit: 0 to {flyover.white:.0f} is scaled to 0 to 255")
    if gsd and max(gsd) > 2 * settings.gsd_m:
        warnings.append(f"imagery has {max(gsd):.2f} m per pixel, the model wants {settings.gsd_m:.2f}: chips are blown up")
    return Intake(
        city=city, year=flyover.year, verdict="FIX FIRST" if fixes else "GO", fixes=fixes, warnings=warnings, tiles=len(flyover.tiles),
        broken_tiles=[f"{tile.path}: {tile.problem}" for tile in flyover.broken],
        crs=dict(Counter(_crs_name(tile.crs) for tile in flyover.tiles)),
        gsd_m=[round(min(gsd), 4), round(max(gsd), 4)], bands=dict(Counter(f"{len(set(tile.bands))} x {tile.depth}" for tile in flyover.tiles)),
        vacants=len(roll), vacants_without_geometry=int(roll.table.geometry.isna().sum()), vacants_near_tiles=near,
        notices=roll.notices, notices_joined_by_place=roll.joined_by_place, notices_unmatched=list(roll.unmatched),
        expected_seconds=round(near * SECONDS_PER_PARCEL, 1),
    )  # fmt: skip


def write_intake(intake: Intake, folder: Path) -> Path:
    """Write check.json and check.html; return the page."""
    with atomic_path(folder / "check.json") as temporary:
        temporary.write_text(json.dumps(asdict(intake), indent=2), encoding="utf-8")
    with atomic_path(folder / "check.html") as temporary:
        temporary.write_text(_PAGE.render(intake=intake, rows=asdict(intake)), encoding="utf-8")
    return folder / "check.html"


def _crs_name(wkt: str) -> str:
    name, unit, _, _ = crs_facts(wkt)
    return f"{name} ({unit})"


_PAGE = jinja2.Environment(autoescape=True).from_string("""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Intake {{ intake.city }} {{ intake.year }}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111}
td{padding:.3em .8em;border-bottom:1px solid #bbb;vertical-align:top}h1 b{border:2px solid;padding:0 .4em}</style>
<h1>{{ intake.city }} {{ intake.year }}: <b>{{ intake.verdict }}</b></h1>
{% for line in intake.fixes %}<p><strong>Fix first:</strong> {{ line }}</p>{% endfor %}
{% for line in intake.warnings %}<p>Note: {{ line }}</p>{% endfor %}
<table>{% for name, value in rows.items() if name not in ("fixes", "warnings", "verdict") %}
<tr><td>{{ name|replace("_", " ") }}<td>{% if value is mapping %}{% for key, count in value.items() %}{{ key }}: {{ count }}<br>{% endfor %}
{% elif value is iterable and value is not string %}{{ value|join(", ") or "none" }}{% else %}{{ value }}{% endif %}</tr>{% endfor %}</table></html>""")
