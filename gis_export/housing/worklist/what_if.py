"""Who enters and who leaves the work list when the points change. Nothing is written."""

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date

import geopandas as gpd
import pandas as pd

from gis_export.table.priority import prioritize
from gis_export.table.settings import ExportSettings, PrioritySettings
from gis_export.table.visits import LAST, NO_DISTRICT, by_priority, visited
from imagery.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Move:
    """A row that enters or leaves the list of its district."""

    district: str
    """INSP_DIST."""
    parcel_id: str
    """PARCEL_ID."""
    address: str
    """ADDRESS."""
    enters: bool
    """False: it leaves."""
    before: int
    """PRIORITY with the points of the city file."""
    after: int
    """PRIORITY with the changed points."""
    why_before: str
    """WHY with the points of the city file."""
    why_after: str
    """WHY with the changed points."""


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """What changed points do to the list."""

    changed: dict[str, tuple[int, int]]
    """Weights that differ: before, after."""
    visits: int
    """Rows on the list, before and after alike."""
    moves: tuple[Move, ...]
    """By district; those that enter first, the most urgent first."""

    def lines(self) -> list[str]:
        """Return it for the terminal."""
        weights = (
            ", ".join(f"{key} {before} -> {after}" for key, (before, after) in self.changed.items())
            or "no weight changes"
        )
        entering = sum(move.enters for move in self.moves)
        found = [
            f"what if {weights}: {entering} of {self.visits} visits change; nothing was written"
        ]
        for district in dict.fromkeys(move.district for move in self.moves):
            moves = [move for move in self.moves if move.district == district]
            entered = sum(move.enters for move in moves)
            found.append(f"{district or NO_DISTRICT}: {entered} in, {len(moves) - entered} out")
            found += [_line(move) for move in moves]
        return found


def _line(move: Move) -> str:
    place = f"{move.parcel_id} {move.address}".strip()
    head = f"  {'in ' if move.enters else 'out'} {place}: {move.before} -> {move.after}"
    return (
        f"{head} ({move.why_after})"
        if move.why_before == move.why_after
        else f"{head} (was {move.why_before}; now {move.why_after})"
    )


def what_if(
    rows: gpd.GeoDataFrame,
    looks: pd.DataFrame,
    street_sides: pd.Series,
    settings: ExportSettings,
    changed: PrioritySettings,
    *,
    today: date,
) -> WhatIf:
    """Hold the list of the city's points against that of changed ones.

    Args:
        rows: The rows of the export.
        looks: What people found and when.
        street_sides: In the order of `rows`; see `priority.street_sides`.
        settings: The city's choices.
        changed: The points to try.
        today: Day against which years count.
    """
    lists = []
    for weights in (settings.priority, changed):
        points, why = prioritize(rows, street_sides, looks, today, weights)
        weighed = gpd.GeoDataFrame(rows.assign(PRIORITY=points, WHY=why))
        lists.append(weighed.assign(VISIT=visited(weighed, settings.visits)))
    before, after = lists
    moved = by_priority(gpd.GeoDataFrame(after[before["VISIT"] != after["VISIT"]]))
    moved = moved.assign(
        OUT=~moved["VISIT"], DISTRICT=moved["INSP_DIST"].replace("", LAST)
    ).sort_values(["DISTRICT", "OUT"], kind="stable")
    moves = tuple(
        Move(
            district=str(row["INSP_DIST"]),
            parcel_id=str(row["PARCEL_ID"]),
            address=str(row["ADDRESS"]),
            enters=not row["OUT"],
            before=int(before.at[index, "PRIORITY"]),
            after=int(row["PRIORITY"]),
            why_before=str(before.at[index, "WHY"]),
            why_after=str(row["WHY"]),
        )
        for index, row in zip(moved.index, moved.to_dict("records"), strict=True)
    )
    old, new = asdict(settings.priority), asdict(changed)
    return WhatIf(
        changed={key: (old[key], new[key]) for key in old if old[key] != new[key]},
        visits=int(after["VISIT"].sum()),
        moves=moves,
    )


def parse_weights(pairs: Iterable[str], settings: PrioritySettings) -> PrioritySettings:
    """Return the points with some of them changed.

    >>> parse_weights(["likely=80"], PrioritySettings()).likely
    80

    Args:
        pairs: Such as "likely=80".
        settings: The points that stay.

    Raises:
        UsageError: not KEY=POINTS, an unknown key, or points that are no whole number.
    """
    known = list(asdict(settings))
    changed: dict[str, int] = {}
    for pair in pairs:
        key, equals, text = (part.strip() for part in pair.partition("="))
        if not equals:
            raise UsageError(f"--what-if got {pair!r}, want KEY=POINTS such as likely=80")
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            raise UsageError(
                f"--what-if: no weight is called {key!r}, "
                + (f"did you mean {near[0]!r}?" if near else f"want one of {', '.join(known)}")
            )
        if key in changed:
            raise UsageError(f"--what-if names {key} twice, want every weight once")
        try:
            changed[key] = int(text)
        except ValueError as error:
            raise UsageError(
                f"--what-if: {key} is {text!r}, want a whole number such as {key}=80"
            ) from error
    return replace(settings, **changed)
