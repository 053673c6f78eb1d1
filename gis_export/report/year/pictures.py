"""The pictures of the year's page: map, one roof in two years, the roofs that matter most."""

import base64
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from markupsafe import Markup
from numpy.typing import NDArray

from gis_export.fire.map.photos import photo_path, write_photos
from gis_export.formats.marker_picture import marker_png
from gis_export.printing.chip_photo import Jpeg, chip_jpeg
from gis_export.report.change_table import OUTCOME
from gis_export.report.year.count import LISTED_CODES
from gis_export.table.inputs import ExportInputs
from gis_export.table.symbols import BY_CODE
from imagery.chips.store import ChipStore
from imagery.crs import utm_zone
from inference.change import Outcome

WIDTH = 1000
"""Width of the map in its own units."""
_MARGIN = 30
_MARK = 26
_NEAR = 0.99
"""Share of the vacants on either side within which the map lies, with some room."""
_ROOM = 0.2
"""Of the width between them, on either side."""
_MARK_PX = 52
_THUMB_PX = 200
_PAPER_PX = 420


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """Where the vacants are, for a map."""

    xy: NDArray[np.float64]
    """Meters from the upper left corner of the map, right and down, (N, 2)."""
    levels: NDArray[np.object_]
    """Hazard code of each, (N,)."""
    width_m: float
    """Width of the map."""
    height_m: float
    """Height of the map."""
    is_cut: bool
    """Whether some lie so far from all others that they are left out."""

    @property
    def height(self) -> int:
        """Return the height of a map that is `WIDTH` wide."""
        return round((WIDTH - 2 * _MARGIN) * self.height_m / self.width_m) + 2 * _MARGIN

    @property
    def drawn(self) -> NDArray[np.float64]:
        """Return where they are on the map, (N, 2)."""
        scale = (WIDTH - 2 * _MARGIN) / self.width_m
        return self.xy * scale + _MARGIN

    def of(self, *codes: str) -> NDArray[np.float64]:
        """Return where those with some hazard codes are on the map, (n, 2)."""
        return self.drawn[np.isin(self.levels, codes)]


@dataclass(frozen=True, kw_only=True)
class TwoPhotos:
    """One changed roof in two years."""

    parcel_id: str
    """The parcel."""
    address: str
    """Its address."""
    outcome: str
    """What became of it."""
    before: str
    """The photo of the flyover before, a data URL."""
    now: str
    """The photo of now over the same ground, a data URL."""
    flown_before: str
    """Day of the flight before, or its year."""
    flown: str
    """Day of the flight, or its year."""


def places_of(roll: gpd.GeoDataFrame, scores: pd.DataFrame) -> Places | None:
    """Return where the vacants are; None where none has an outline.

    Args:
        roll: Columns parcel_id and geometry.
        scores: data/scores.csv as text.
    """
    placed = roll.dropna(subset=["geometry"])
    crs = utm_zone(placed.geometry) if len(placed) else None
    if crs is None:
        return None

    points = shapely.get_coordinates(placed.geometry.to_crs(crs).centroid.to_numpy())
    low, high = _middle_of(points)
    is_near = ((points >= low) & (points <= high)).all(axis=1)
    width_m, height_m = (float(side) for side in high - low)
    levels = scores.set_index("parcel_id")["hazard_level"].reindex(placed["parcel_id"])
    return Places(
        xy=np.column_stack([points[is_near, 0] - low[0], high[1] - points[is_near, 1]]),
        levels=levels.to_numpy(dtype=object)[is_near],
        width_m=max(width_m, height_m / 3, 1.0),
        height_m=max(height_m, 1.0),
        is_cut=not bool(is_near.all()),
    )


def _middle_of(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of a box around all points but those far from all others."""
    first, last = np.quantile(points, [1 - _NEAR, _NEAR], axis=0)
    room = _ROOM * (last - first)
    low = np.maximum(points.min(axis=0), first - room)
    high = np.minimum(points.max(axis=0), last + room)
    return low, high


def draw_map(places: Places) -> Markup:
    """Return the map as SVG: roofs that are not on the list as dots, the others as symbols."""
    counts = [f"{len(places.of(code)):,} {BY_CODE[code].word.value}" for code in LISTED_CODES]
    marks = [
        Markup('<use href="#mark-{}" x="{:.0f}" y="{:.0f}"/>').format(code, x - 13, y - 13)
        for code in reversed(LISTED_CODES)
        for x, y in places.of(code)
    ]
    symbols = [
        Markup('<symbol id="mark-{}"><image href="{}" width="{}" height="{}"/></symbol>').format(
            code, mark_url(code), _MARK, _MARK
        )
        for code in LISTED_CODES
    ]
    return Markup(
        '<svg class="map" viewBox="0 0 {} {}" role="img" aria-label="Map: {}; other vacant '
        'buildings as dots">{}<path class="dots" d="{}"/><path class="blank" d="{}"/>{}</svg>'
    ).format(
        WIDTH,
        places.height,
        ", ".join(counts),
        Markup("").join(symbols),
        _dots(places.of("NOT SEEN")),
        _dots(places.of("NA")),
        Markup("").join(marks),
    )


def mark_url(code: str) -> str:
    """Return the symbol of a hazard code as a data URL."""
    return _url("png", marker_png(BY_CODE[code], _MARK_PX))


def _dots(points: Iterable[NDArray[np.float64]]) -> str:
    return "".join(f"M{x:.0f} {y:.0f}h0" for x, y in points)


def find_pair(inputs: ExportInputs, change: pd.DataFrame) -> TwoPhotos | None:
    """Return the roof whose score rose most and that both years' photos show.

    Args:
        inputs: The chips of both years.
        change: report/change.csv as text.
    """
    before = inputs.year_before
    if before is None or before.chips is None or inputs.chips is None:
        return None

    risen = change[change[OUTCOME].isin([Outcome.NEW.value, Outcome.WORSE.value])]
    rise = pd.to_numeric(risen["score"]) - pd.to_numeric(risen["score_before"])
    for place in rise.sort_values(ascending=False, kind="stable").index:
        row = risen.loc[place]
        photos = _photos(inputs.chips, before.chips, str(row["parcel_id"]))
        if photos is not None and row["parcel_id"] == row["parcel_id_before"]:
            return TwoPhotos(
                parcel_id=str(row["parcel_id"]),
                address=str(row["address"]) or f"parcel {row['parcel_id']}",
                outcome=str(row[OUTCOME]),
                before=photos[0],
                now=photos[1],
                flown_before=before.flown.isoformat() if before.flown else str(before.year),
                flown=_flown(inputs),
            )
    return None


def _flown(inputs: ExportInputs) -> str:
    days = [str(day) for day in inputs.ledger.table["img_date"].dropna().unique()]
    return days[0] if len(days) == 1 else str(inputs.year)


def _photos(now: ChipStore, before: ChipStore, parcel_id: str) -> tuple[str, str] | None:
    """Return the photo before and that of now, over the same ground; None where one is missing."""
    with tempfile.TemporaryDirectory() as name:
        first = Path(name) / "before"
        second = Path(name) / "now"
        then = write_photos(before, [parcel_id], first, frames=now).names[0]
        shown = write_photos(now, [parcel_id], second).names[0]
        if not then or not shown:
            return None
        files = (first / photo_path(then), second / photo_path(shown))
        earlier, later = (_url("webp", path.read_bytes()) for path in files)
    return earlier, later


def pair_jpegs(inputs: ExportInputs, pair: TwoPhotos | None) -> tuple[Jpeg, Jpeg] | None:
    """Return the photos of a changed roof for paper, before and now."""
    before = inputs.year_before
    if pair is None or before is None:
        return None
    then = chip_jpeg(before.chips, pair.parcel_id, longest_px=_PAPER_PX)
    now = chip_jpeg(inputs.chips, pair.parcel_id, longest_px=_PAPER_PX)
    return (then, now) if then and now else None


def thumb(chips: ChipStore | None, parcel_id: str) -> str:
    """Return the photo of a roof as a data URL, "" where there is none."""
    jpeg = chip_jpeg(chips, parcel_id, longest_px=_THUMB_PX)
    return _url("jpeg", jpeg.data) if jpeg else ""


def _url(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
