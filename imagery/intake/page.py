"""Write the intake report: check.json, and check.html as one page that asks no other host for anything."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2

from imagery.files import atomic_path
from imagery.intake.coverage_map import CLASSES, MARKS, draw_coverage
from imagery.intake.report import Intake

MOST_ROWS = 200
"""Rows of a list on the page, most; check.json holds all."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A table of the page."""

    title: str
    """Its heading."""
    rows: list[tuple[str, str]]
    """What, and how much."""


def write_intake(intake: Intake, folder: Path) -> Path:
    """Write check.json and check.html; return the page."""
    with atomic_path(folder / "check.json") as temporary:
        temporary.write_text(json.dumps(intake.answer(), indent=2), encoding="utf-8")
    with atomic_path(folder / "check.html") as temporary:
        temporary.write_text(draw_page(intake), encoding="utf-8")
    return folder / "check.html"


def draw_page(intake: Intake) -> str:
    """Return the page as HTML."""
    text = files("imagery").joinpath("intake", "page.html").read_text(encoding="utf-8")
    template = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True
    ).from_string(text)
    tables = [_vacants(intake), _imagery(intake), _ground(intake), _work(intake)]
    drawn = draw_coverage(intake.coverage)
    return template.render(
        intake=intake,
        map=drawn,
        notes="; ".join(drawn.notes) if drawn else "",
        tables=tables,
        legend=[(CLASSES[state], MARKS[state]) for state in sorted(MARKS)],
        broken=[line.partition(": ")[::2] for line in intake.broken_tiles],
        most=MOST_ROWS,
    )


def words_for_bytes(count: int) -> str:
    """Return a number of bytes in MB or GB."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def words_for_seconds(seconds: float) -> str:
    """Return seconds as seconds, minutes or hours."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def _vacants(intake: Intake) -> Facts:
    known = intake.vacants - intake.vacants_without_geometry

    def of_known(count: int) -> str:
        return f"{count:,} ({100 * count / known:.1f}%)" if known else f"{count:,}"

    return Facts(
        title="Vacant parcels",
        rows=[
            ("On the roll", f"{intake.vacants:,}"),
            ("Without an outline", f"{intake.vacants_without_geometry:,}"),
            ("Covered: whole outline on tiles", of_known(intake.vacants_covered)),
            ("Partly covered", of_known(intake.vacants_partly_covered)),
            ("On no tile", of_known(intake.vacants_uncovered)),
            ("Within the chip's margin of a tile", of_known(intake.vacants_near_tiles)),
            ("Vacancy notices read", f"{intake.notices:,}"),
            ("Notices joined by place", f"{intake.notices_joined_by_place:,}"),
            ("Notices that match no parcel", f"{len(intake.notices_unmatched):,}"),
            ("CRS of the parcels", intake.parcels_crs),
        ],
    )


def _imagery(intake: Intake) -> Facts:
    first, last = (intake.tile_dates[0], intake.tile_dates[-1]) if intake.tile_dates else ("", "")
    dates = first if first == last else f"{first} to {last}"
    gsd = " to ".join(f"{side:.3f}" for side in dict.fromkeys(intake.gsd_m))
    return Facts(
        title="Imagery",
        rows=[
            ("Tiles that can be used", f"{intake.tiles:,}"),
            ("Files that cannot be used", f"{len(intake.broken_tiles):,}"),
            ("Meters per pixel on the ground", gsd),
            ("Flown on", intake.flown or "not known"),
            ("Date in the tiles (TIFFTAG_DATETIME)", dates or "none"),
            ("Decoder", intake.decoder),
        ],
    )


def _ground(intake: Intake) -> Facts:
    missing = (
        f"{len(intake.missing_tiles):,}"
        + (f": {', '.join(intake.missing_tiles[:10])}" if intake.missing_tiles else "")
        + (" ..." if len(intake.missing_tiles) > 10 else "")
    )
    return Facts(
        title="Gaps and overlaps",
        rows=[
            (
                "Ground on tiles",
                f"{intake.ground_km2:,.2f} km²"
                if intake.ground_km2 >= 0.1
                else f"{intake.ground_km2 * 1e6:,.0f} m²",
            ),
            ("Tile grid", intake.tile_grid or "none that is regular"),
            (
                "Missing from the grid",
                missing if intake.tile_grid else "cannot be told without a grid",
            ),
            ("Ground on two tiles or more", f"{100 * intake.overlap_share:.1f}%"),
            ("Pairs of tiles that overlap", f"{intake.overlap_pairs:,}"),
        ],
    )


def _work(intake: Intake) -> Facts:
    return Facts(
        title="Work ahead (estimate for two cores)",
        rows=[
            ("Cutting", words_for_seconds(intake.expected_cut_seconds)),
            ("Scoring", words_for_seconds(intake.expected_score_seconds)),
            ("Disk for the chips", words_for_bytes(intake.chips_bytes)),
        ],
    )
