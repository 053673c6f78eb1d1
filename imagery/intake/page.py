"""Write the intake report: check.json, and check.html, which makes no network requests."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2

from imagery.files import atomic_path
from imagery.intake.coverage_map import CLASSES, MARKS, draw_coverage
from imagery.intake.report import Intake
from imagery.values.secrets import mask
from imagery.workspace import YearFiles

MOST_ROWS = 200
"""Most rows of a list on the page; check.json holds all."""
MOST_MISSING = 10
"""Most missing tiles that are named in a table."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A table of the page."""

    title: str
    """Its heading."""
    rows: list[tuple[str, str]]
    """What, and how much."""


def write_intake(intake: Intake, folder: Path, *, expected: str = "") -> Path:
    """Write check.json and check.html into a year's folder; return the page.

    Args:
        intake: What was found.
        folder: Of the year.
        expected: How many failing roofs are expected; "" before the year was scored.
    """
    files_of_year = YearFiles(folder=folder)
    with atomic_path(files_of_year.check) as temporary:
        temporary.write_text(mask(json.dumps(intake.answer(), indent=2)), encoding="utf-8")
    with atomic_path(files_of_year.check_page) as temporary:
        temporary.write_text(mask(draw_page(intake, expected)), encoding="utf-8")
    return files_of_year.check_page


def draw_page(intake: Intake, expected: str = "") -> str:
    """Return the page as HTML."""
    text = files("imagery").joinpath("intake", "page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(text)

    drawn = draw_coverage(intake.coverage)
    return template.render(
        intake=intake,
        expected=expected,
        map=drawn,
        notes="; ".join(drawn.notes) if drawn else "",
        tables=[
            _vacants(intake),
            *_balance(intake),
            _imagery(intake),
            _ground(intake),
            _work(intake),
        ],
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
    return Facts(
        title="Vacant parcels",
        rows=[
            ("On the roll", f"{intake.vacants:,}"),
            ("Without an outline", f"{intake.vacants_without_geometry:,}"),
            ("Covered: whole outline on tiles", _with_share(intake.vacants_covered, known)),
            ("Partly covered", _with_share(intake.vacants_partly_covered, known)),
            ("On no tile", _with_share(intake.vacants_uncovered, known)),
            ("Within the chip's margin of a tile", _with_share(intake.vacants_near_tiles, known)),
            ("Vacancy notices read", f"{intake.notices:,}"),
            ("Notices joined by place", f"{intake.notices_joined_by_place:,}"),
            ("Notices that match no parcel", f"{len(intake.notices_unmatched):,}"),
            *((count.what.capitalize(), count.line) for count in intake.matches),
            ("CRS of the parcels", intake.parcels_crs),
        ],
    )


def _balance(intake: Intake) -> list[Facts]:
    """Return where every row of the vacancy file went, nothing for a roll that is no file's."""
    balance = intake.roll_balance
    if balance is None:
        return []

    merged = ": ".join([f"{balance.merged:,}", *balance.merged_examples[:1]])
    return [
        Facts(
            title="Rows of the vacancy file",
            rows=[
                ("Rows below its header", f"{balance.rows:,}"),
                ("Vacants on the roll", f"{balance.vacants:,}"),
                ("Merged: further notices of a parcel", merged),
                ("Empty rows", f"{balance.empty:,}"),
                ("Left out: rows that are no notice", f"{balance.left_out:,}"),
            ],
        )
    ]


def _with_share(count: int, total: int) -> str:
    return f"{count:,} ({100 * count / total:.1f}%)" if total else f"{count:,}"


def _imagery(intake: Intake) -> Facts:
    dates = " to ".join(dict.fromkeys(intake.tile_dates))
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
    if intake.ground_km2 >= 0.1:
        ground = f"{intake.ground_km2:,.2f} km²"
    else:
        ground = f"{intake.ground_km2 * 1e6:,.0f} m²"

    return Facts(
        title="Gaps and overlaps",
        rows=[
            ("Ground on tiles", ground),
            ("Tile grid", intake.tile_grid or "none that is regular"),
            ("Missing from the grid", _describe_missing(intake)),
            ("Ground on two tiles or more", f"{100 * intake.overlap_share:.1f}%"),
            ("Pairs of tiles that overlap", f"{intake.overlap_pairs:,}"),
        ],
    )


def _describe_missing(intake: Intake) -> str:
    """Count the missing tiles and name the first."""
    missing = intake.missing_tiles
    if not intake.tile_grid:
        return "cannot be told without a grid"
    if not missing:
        return "0"

    more = " ..." if len(missing) > MOST_MISSING else ""
    return f"{len(missing):,}: {', '.join(missing[:MOST_MISSING])}{more}"


def _work(intake: Intake) -> Facts:
    work = intake.work
    return Facts(
        title="Work ahead (estimate, without training)",
        rows=[
            ("Cutting", words_for_seconds(work.cut_s)),
            ("Scoring", words_for_seconds(work.score_s)),
            ("Products", words_for_seconds(work.export_s)),
            ("All of it", work.sentence),
            ("Disk for the chips", words_for_bytes(work.chips_bytes)),
        ],
    )
