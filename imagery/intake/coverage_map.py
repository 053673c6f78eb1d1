"""The coverage map of the intake report: one inline SVG, small however many vacants there are."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from markupsafe import Markup, escape
from numpy.typing import NDArray

from imagery.intake.coverage import COVERED, NO_OUTLINE, PARTLY, UNCOVERED, Coverage

Floats = NDArray[np.float64]
NamedOutline = tuple[str, shapely.Polygon]

WIDTH = 920.0
"""Width of the drawing, its own units."""
HEIGHTS = (260.0, 760.0)
"""Least and largest height."""
CELLS = {COVERED: 7.0, PARTLY: 9.0, UNCOVERED: 9.0}
"""Side of the cells that hold one mark each at most, drawing units."""
MARKS = {COVERED: "h0", PARTLY: "m-5 0l5-5 5 5-5 5z", UNCOVERED: "m-4-4l8 8m0-8l-8 8"}
"""A dot, a diamond, a cross, as path steps from the middle: they differ by shape and color."""
CLASSES = {COVERED: "on", PARTLY: "part", UNCOVERED: "off"}
WORDS = {COVERED: "covered", PARTLY: "partly covered", UNCOVERED: "on no tile"}
DRAWN = (COVERED, PARTLY, UNCOVERED)
"""States of vacants that are drawn, the last on top."""
STRIP = 62.0
"""Height of the strip below the map, with scale bar and north arrow, drawing units."""
MOST_NAMED = 3000
"""More tiles than this are drawn as one path, without names."""
STRAYS = (0.005, 0.995)
"""Quantiles of the vacants' places within which the map is drawn; those beyond are strays."""
LEAST_REACH_M = 200.0
"""How far around the vacants tiles are drawn, at least."""


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

    def place(self, xy: Floats) -> Floats:
        """Map (n, 2) meters to (n, 2) drawing units, y down."""
        return np.asarray((xy - (self.west, self.north)) * (self.scale, -self.scale), np.float64)


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The marks of the vacants in one state."""

    path: str
    """One path element with all of them, "" where there is none."""
    is_thinned: bool
    """Some marks stand for several vacants."""
    outside: int
    """Vacants beyond the edge of the map."""


def draw_coverage(coverage: Coverage) -> CoverageMap | None:
    """Draw tiles light, covered vacants as dots, others as diamonds and crosses.

    None where there is nothing to draw.
    """
    states = coverage.states[coverage.states != NO_OUTLINE]
    known = coverage.shapes[coverage.states != NO_OUTLINE]
    centers = shapely.get_coordinates(shapely.centroid(known))
    named = zip(coverage.names, coverage.outlines.tolist(), strict=True)
    tiles = [(name, outline) for name, outline in named if not outline.is_empty]
    bounds = np.array([outline.bounds for _, outline in tiles]).reshape(-1, 4)
    frame = _find_frame(centers, bounds)
    if frame is None:
        return None

    marks = {}
    for state in DRAWN:
        marks[state] = _draw_marks(frame.place(centers[states == state]), state, frame)
    svg = [
        _open_svg(coverage, len(tiles), frame),
        _draw_tiles(tiles, frame),
        *(marks[state].path for state in DRAWN),
        _draw_missing(coverage, frame),
        _draw_strip(frame),
        "</svg>",
    ]
    notes = [*_tile_notes(coverage, len(tiles)), *_mark_notes(marks, frame)]
    return CoverageMap(svg=Markup("".join(svg)), notes=notes)


def _find_frame(centers: Floats, tiles: Floats) -> Frame | None:
    """Frame the vacants but for strays, and the tiles around them.

    Args:
        centers: Places of the vacants, meters, (n, 2).
        tiles: West, south, east, north of each tile, meters, (tiles, 4).
    """
    if not len(centers) and not len(tiles):
        return None

    if len(centers):
        low, high = (np.quantile(centers, share, axis=0) for share in STRAYS)
    else:
        low = tiles[:, :2].min(axis=0)
        high = tiles[:, 2:].max(axis=0)
    if len(tiles):
        # Imagery of a whole county must not shrink the city to a speck.
        reach_m = max(float((high - low).max()), LEAST_REACH_M)
        low = np.minimum(low, np.maximum(tiles[:, :2].min(axis=0), low - reach_m))
        high = np.maximum(high, np.minimum(tiles[:, 2:].max(axis=0), high + reach_m))
    return _fit_frame(low, high)


def _fit_frame(low: Floats, high: Floats) -> Frame:
    """Fit a piece of ground into the drawing, with a margin around it.

    Args:
        low: Least x and y, meters.
        high: Greatest x and y, meters.
    """
    margin_m = max(0.04 * float((high - low).max()), 5.0)
    low = low - margin_m
    high = high + margin_m

    sides_m = high - low
    scale = min(WIDTH / sides_m[0], HEIGHTS[1] / sides_m[1])
    height = max(HEIGHTS[0], sides_m[1] * scale)
    west = (low[0] + high[0]) / 2 - WIDTH / scale / 2
    north = (low[1] + high[1]) / 2 + height / scale / 2
    return Frame(west=float(west), north=float(north), scale=float(scale), height=float(height))


def _open_svg(coverage: Coverage, tiles: int, frame: Frame) -> str:
    """Return the start of the SVG, with a title for those who do not see it."""
    words = ", ".join(f"{coverage.count(state):,} {WORDS[state]}" for state in DRAWN)
    view_box = f"0 0 {WIDTH:.0f} {frame.height + STRIP:.0f}"
    return (
        f'<svg viewBox="{view_box}" role="img" aria-labelledby="map-title">'
        f'<title id="map-title">Map of {tiles} tiles and of the vacants: {words}</title>'
    )


def _draw_tiles(tiles: list[NamedOutline], frame: Frame) -> str:
    if len(tiles) > MOST_NAMED:
        rings = "".join(_ring(outline, frame) for _, outline in tiles)
        return f'<path class="tile" d="{rings}"/>'
    return _draw_named("tile", tiles, frame)


def _draw_missing(coverage: Coverage, frame: Frame) -> str:
    names = [f"no tile: {place}" for place in coverage.missing_places]
    return _draw_named("gap", zip(names, coverage.missing.tolist(), strict=True), frame)


def _draw_named(kind: str, outlines: Iterable[NamedOutline], frame: Frame) -> str:
    """Draw outlines that show their name under the pointer."""
    paths = []
    for name, outline in outlines:
        ring = _ring(outline, frame)
        paths.append(f'<path class="{kind}" d="{ring}"><title>{escape(name)}</title></path>')
    return "".join(paths)


def _ring(outline: shapely.Polygon, frame: Frame) -> str:
    """Return the outline as path steps, its bends left out where they cannot be seen."""
    simple = shapely.simplify(outline, 0.4 / frame.scale)
    corners = frame.place(shapely.get_coordinates(simple.exterior))[:-1]
    return "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in corners.tolist()) + "z"


def _draw_marks(xy: Floats, state: int, frame: Frame) -> Marks:
    """Draw one mark in every cell that holds a vacant.

    Args:
        xy: Places of the vacants, drawing units, (n, 2).
        state: What they have in common.
        frame: What is drawn.
    """
    is_inside = ((xy >= 0) & (xy <= (WIDTH, frame.height))).all(axis=1)
    inside = xy[is_inside]
    cells = (inside / CELLS[state]).astype(np.int64)
    _, first = np.unique(cells, axis=0, return_index=True)

    drawn = inside[np.sort(first)].tolist()
    steps = "".join(f"M{x:.1f} {y:.1f}{MARKS[state]}" for x, y in drawn)
    return Marks(
        path=f'<path class="{CLASSES[state]}" d="{steps}"/>' if steps else "",
        is_thinned=len(first) < len(cells),
        outside=int((~is_inside).sum()),
    )


def _draw_strip(frame: Frame) -> str:
    """Draw the strip below: a scale bar of a round number of meters, and the north arrow.

    The bar is about a fifth of the width.
    """
    most_m = WIDTH / 5 / frame.scale
    power = 10.0 ** math.floor(math.log10(most_m))
    length_m = max(step * power for step in (1, 2, 5) if step * power <= most_m)
    length = length_m * frame.scale
    top = frame.height
    arrow_x = WIDTH - 40

    plate = f'x="0" y="{top:.1f}" width="{WIDTH:.0f}" height="{STRIP:.0f}"'
    bar_text = f'x="{20 + length / 2:.1f}" y="{top + 36:.1f}" text-anchor="middle"'
    north_text = f'x="{arrow_x - 18}" y="{top + 38:.1f}" text-anchor="end"'
    return (
        f'<g class="ink"><rect class="plate" {plate}/>'
        f'<path class="bar" d="M20 {top + 40:.1f}v8h{length:.1f}v-8"/>'
        f"<text {bar_text}>{length_m:,.0f} m</text>"
        f'<path d="M{arrow_x} {top + 12:.1f}l11 38-11-8-11 8z"/>'
        f"<text {north_text}>North</text></g>"
    )


def _tile_notes(coverage: Coverage, drawn: int) -> list[str]:
    """Say which tiles are left out, or drawn without name."""
    notes = []
    if drawn > MOST_NAMED:
        notes.append(f"more than {MOST_NAMED:,} tiles: drawn without names")
    if drawn < len(coverage.names):
        notes.append(f"tiles too far away to be drawn: {len(coverage.names) - drawn}")
    return notes


def _mark_notes(marks: dict[int, Marks], frame: Frame) -> list[str]:
    """Say which vacants are beyond the edge, and how marks are thinned."""
    notes = []
    cells = []
    for state, drawn in marks.items():
        if drawn.outside:
            notes.append(f"beyond the edge, {WORDS[state]}: {drawn.outside:,}")
        if drawn.is_thinned:
            cells.append(f"{WORDS[state]} {CELLS[state] / frame.scale:,.0f} m")

    if cells:
        sides = ", ".join(cells)
        notes.append(f"vacants are thinned to one mark in a square with sides of: {sides}")
    return notes
