"""`roofwatch audit --repair`: make anew what the imagery and a registered model can make anew."""

import re
from collections.abc import Sequence

from imagery.errors import InputError, RoofwatchError
from roofwatch.audit import COMMAND, DETAIL, read_audit
from roofwatch.damage import Damage
from roofwatch.year import City, CityYear

STAGES = ("tile", "score", "export")
"""In the order in which they run; each is followed by those after it that had run before."""
_SCORED_WITH = re.compile(r"^(\d+) with \S+/(\d+): ")


def repair(city: City, damages: Sequence[Damage]) -> list[str]:
    """Make anew what can be, the earliest year first, and write it into the log.

    Returns:
        What was done, a line for each year; and why a year could not be repaired.
    """
    lines = []
    for path in {path for damage in damages if damage.year is None for path in damage.files}:
        path.unlink(missing_ok=True)
        lines.append(f"{path}: removed; it is made anew when it is wanted")
    for number in sorted({damage.year for damage in damages if damage.year is not None}):
        of_year = [damage for damage in damages if damage.year == number and damage.stage]
        if not of_year:
            continue
        year = city.year(number)
        first = min(STAGES.index(damage.stage) for damage in of_year)
        try:
            done = _repair_year(year, of_year, STAGES[first:])
        except RoofwatchError as error:
            lines.append(f"{number}: not repaired: {error}")
            continue
        city.log("audit", f"{number} repaired: {', '.join(done)}")
        lines.append(f"{number}: made anew by {', '.join(done)}")
    return lines


def _repair_year(year: CityYear, damages: Sequence[Damage], stages: Sequence[str]) -> list[str]:
    """Remove what is damaged and run the stages again, as far as they had run before."""
    # What these import takes seconds to load.
    from roofwatch.stages.export import export
    from roofwatch.stages.score import score
    from roofwatch.stages.tile import tile, tile_reach

    was_scored = year.files.ledger.exists()
    was_exported = year.files.report.manifest.exists()
    for path in {path for damage in damages for path in damage.files}:
        path.unlink(missing_ok=True)

    done = []
    if "tile" in stages:
        tile(year)
        tile_reach(year)
        done.append("tile")
    if "score" in stages and was_scored:
        score(year, _scored_with(year))
        done.append("score")
    if was_exported:
        export(year)
        done.append("export")
    return done


def _scored_with(year: CityYear) -> str:
    """Return the version that scored a year last, according to the log.

    Raises:
        InputError: the log does not say.
    """
    wanted = ""
    for row in read_audit(year.city.workspace.audit):
        said = _SCORED_WITH.match(row[DETAIL]) if row[COMMAND] == "score" else None
        if said and int(said.group(1)) == year.year:
            wanted = said.group(2)
    if not wanted:
        raise InputError(
            f"{year.city.workspace.audit} does not say which model scored {year.year}; "
            f"score {year.year} again, with --model V"
        )
    return wanted
