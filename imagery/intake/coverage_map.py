"""The coverage map of the intake report: one inline SVG that stays small, however many vacants there are."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from markupsafe import Markup, escape
from numpy.typing import NDArray

from imagery.intake.coverage import COVERED, NO_OUTLINE, PARTLY, UNCOVERED, Coverage

WIDTH = 920.0
"""Width of the drawing, its own units."""
HEIGHTS = (260.0, 760.0)
"""Least and largest height."""
CELLS = {COVERED: 7.0, PARTLY: 9.0, UNCOVERED: 9.0}
"""Side of the cells that hold one mark each at most, drawing units."""
MARKS = {COVERED: "h0", PARTLY: "m-5 0l5-5 5 5-5 5z", UNCOVERED: "m-4-4l8 8m0-8l-8 8"}
"""A dot, a diamond, a cross, as path steps from the middle: they differ by shape and color."""
CLASSES = {COVERED: "on", PARTLY: "part", UNCOVERED: "off"}
STRIP = 62.0
"""Height of the strip below the map, with scale bar and north arrow, drawing units."""
MOST_NAMED = 3000
"""More tiles than this are drawn as one path, without names."""


@dataclass(frozen=True, kw_only=True)
class CoverageMap:
    """The drawing and what must be said beside it."""

    svg: Markup
    """The SVG element."""
    notes: list[str]
    """What was left out or thinned."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What part of the city's UTM zone is drawn, and how large."""

    west: float
    """Left edge, meters."""
    north: float
    """Upper edge, meters."""
    scale: float
    """Drawing units per meter."""
    height: float
    """Height of the map without the strip below, drawing units."""

    def place(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map (n, 2) meters to (n, 2) drawing units, y down."""
        return np.asarray((xy - (self.west, self.north)) * (self.scale, -self.scale), np.float64)


def draw_coverage(coverage: Coverage) -> CoverageMap | None:
    """Draw tiles light, covered vacants as dots, others as diamonds and crosses; None where there is nothing to draw."""
    known = np.flatnonzero(coverage.states != NO_OUTLINE)
    centers = shapely.get_coordinates(shapely.centroid(coverage.shapes[known]))
    outlines = [
        (name, outline)
        for name, outline in zip(coverage.names, coverage.outlines.tolist(), strict=True)
        if not outline.is_empty
    ]
    frame = _frame(centers, np.array([outline.bounds for _, outline in outlines]).reshape(-1, 4))
    if frame is None:
        return None
    parts, notes, cells = [_tiles(outlines, frame)], [], []
    if len(outlines) > MOST_NAMED:
        notes.append(f"more than {MOST_NAMED:,} tiles: drawn without names")
    if len(outlines) < len(coverage.names):
        notes.append(f"tiles too far away to be drawn: {len(coverage.names) - len(outlines)}")
    for state in (COVERED, PARTLY, UNCOVERED):
        path, thinned, outside = _marks(
            frame.place(centers[coverage.states[known] == state]), state, frame
        )
        parts.append(path)
        cells += [f"{_WORDS[state]} {CELLS[state] / frame.scale:,.0f} m"] if thinned else []
        notes += [f"beyond the edge, {_WORDS[state]}: {outside:,}"] if outside else []
    notes += (
        [f"vacants are thinned to one mark in a square with sides of: {', '.join(cells)}"]
        if cells
        else []
    )
    words = ", ".join(
        f"{coverage.count(state):,} {_WORDS[state]}" for state in (COVERED, PARTLY, UNCOVERED)
    )
    head = f'<svg viewBox="0 0 {WIDTH:.0f} {frame.height + STRIP:.0f}" role="img" aria-labelledby="map-title">'
    head += (
        f'<title id="map-title">Map of {len(outlines)} tiles and of the vacants: {words}</title>'
    )
    return CoverageMap(
        svg=Markup(head + "".join(parts) + _missing(coverage, frame) + _strip(frame) + "</svg>"),
        notes=notes,
    )


_WORDS = {COVERED: "covered", PARTLY: "partly covered", UNCOVERED: "on no tile"}


def _frame(centers: NDArray[np.float64], tiles: NDArray[np.float64]) -> Frame | None:
    """Frame the vacants but for strays, and the tiles around them."""
    if not len(centers) and not len(tiles):
        return None
    low, high = (
        (np.quantile(centers, share, axis=0) for share in (0.005, 0.995))
        if len(centers)
        else (tiles[:, :2].min(axis=0), tiles[:, 2:].max(axis=0))
    )
    if len(tiles):
        reach = max(
            float((high - low).max()), 200.0
        )  # imagery of a whole county must not shrink the city to a speck
        low, high = (
            np.minimum(low, np.maximum(tiles[:, :2].min(axis=0), low - reach)),
            np.maximum(high, np.minimum(tiles[:, 2:].max(axis=0), high + reach)),
        )
    pad = max(0.04 * float((high - low).max()), 5.0)
    low, high = low - pad, high + pad
    sides = high - low
    scale = min(WIDTH / sides[0], HEIGHTS[1] / sides[1])
    height = max(HEIGHTS[0], sides[1] * scale)
    west, north = (
        (low[0] + high[0]) / 2 - WIDTH / scale / 2,
        (low[1] + high[1]) / 2 + height / scale / 2,
    )
    return Frame(west=float(west), north=float(north), scale=float(scale), height=float(height))


def _ring(outline: shapely.Polygon, frame: Frame) -> str:
    """Return the outline as path steps, its bends left out where they cannot be seen."""
    simple = shapely.simplify(outline, 0.4 / frame.scale)
    corners = frame.place(shapely.get_coordinates(simple.exterior))[:-1]
    return "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in corners.tolist()) + "z"


def _tiles(outlines: list[tuple[str, shapely.Polygon]], frame: Frame) -> str:
    if len(outlines) > MOST_NAMED:
        return (
            f'<path class="tile" d="{"".join(_ring(outline, frame) for _, outline in outlines)}"/>'
        )
    return "".join(
        f'<path class="tile" d="{_ring(outline, frame)}"><title>{escape(name)}</title></path>'
        for name, outline in outlines
    )


def _missing(coverage: Coverage, frame: Frame) -> str:
    named = zip(coverage.missing_places, coverage.missing.tolist(), strict=True)
    return "".join(
        f'<path class="gap" d="{_ring(outline, frame)}"><title>no tile: {escape(place)}</title></path>'
        for place, outline in named
    )


def _marks(xy: NDArray[np.float64], state: int, frame: Frame) -> tuple[str, bool, int]:
    """Return one path with a mark in every cell that holds a vacant, whether cells hold several, and how many vacants lie outside."""
    inside = ((xy >= 0) & (xy <= (WIDTH, frame.height))).all(axis=1)
    cells = (xy[inside] / CELLS[state]).astype(np.int64)
    _, first = np.unique(cells, axis=0, return_index=True)
    steps = "".join(
        f"M{x:.1f} {y:.1f}{MARKS[state]}" for x, y in xy[inside][np.sort(first)].tolist()
    )
    path = f'<path class="{CLASSES[state]}" d="{steps}"/>' if steps else ""
    return path, len(first) < len(cells), int((~inside).sum())


def _strip(frame: Frame) -> str:
    """Draw the strip below: a bar of a round number of meters, about a fifth of the width, and the north arrow."""
    most = WIDTH / 5 / frame.scale
    power = 10.0 ** math.floor(math.log10(most))
    meters = max(step * power for step in (1, 2, 5) if step * power <= most)
    length, top, x = meters * frame.scale, frame.height, WIDTH - 40
    return (
        f'<g class="ink"><rect class="plate" x="0" y="{top:.1f}" width="{WIDTH:.0f}" height="{STRIP:.0f}"/>'
        f'<path class="bar" d="M20 {top + 40:.1f}v8h{length:.1f}v-8"/><text x="{20 + length / 2:.1f}" y="{top + 36:.1f}" text-anchor="middle">{meters:,.0f} m</text>'
        f'<path d="M{x} {top + 12:.1f}l11 38-11-8-11 8z"/><text x="{x - 18}" y="{top + 38:.1f}" text-anchor="end">North</text></g>'
    )
