"""Which visits enter and leave the work list when the points change. Nothing is written."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import geopandas as gpd
import pandas as pd

from gis_export.table.inputs import ExportInputs
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

    def line(self) -> str:
        """Return it for the terminal."""
        direction = "in " if self.enters else "out"
        place = f"{self.parcel_id} {self.address}".strip()
        if self.why_before == self.why_after:
            why = self.why_after
        else:
            why = f"was {self.why_before}; now {self.why_after}"
        return f"  {direction} {place}: {self.before} -> {self.after} ({why})"


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
        changes = [f"{key} {before} -> {after}" for key, (before, after) in self.changed.items()]
        weights = ", ".join(changes) or "no weight changes"
        entering = sum(move.enters for move in self.moves)
        lines = [
            f"what if {weights}: {entering} of {self.visits} visits change; nothing was written"
        ]

        by_district: dict[str, list[Move]] = {}
        for move in self.moves:
            by_district.setdefault(move.district, []).append(move)
        for district, moves in by_district.items():
            entered = sum(move.enters for move in moves)
            lines.append(f"{district or NO_DISTRICT}: {entered} in, {len(moves) - entered} out")
            lines += [move.line() for move in moves]
        return lines


def what_if(
    rows: gpd.GeoDataFrame,
    inputs: ExportInputs,
    street_sides: pd.Series,
    settings: ExportSettings,
    changed: PrioritySettings,
) -> WhatIf:
    """Compare the list under the city's points with the list under changed ones.

    Args:
        rows: The rows of the export.
        inputs: What people found and when, and the day against which years count.
        street_sides: In the order of `rows`; see `priority.street_sides`.
        settings: The city's choices.
        changed: The points to try.
    """
    lists = []
    for weights in (settings.priority, changed):
        points, why = prioritize(rows, street_sides, inputs.looks, inputs.today, weights)
        weighed = gpd.GeoDataFrame(rows.assign(PRIORITY=points, WHY=why))
        lists.append(gpd.GeoDataFrame(weighed.assign(VISIT=visited(weighed, settings.visits))))
    before, after = lists

    return WhatIf(
        changed=_changed_weights(settings.priority, changed),
        visits=int(after["VISIT"].sum()),
        moves=_moves(before, after),
    )


def _changed_weights(
    before: PrioritySettings, after: PrioritySettings
) -> dict[str, tuple[int, int]]:
    old = asdict(before)
    new = asdict(after)
    return {key: (old[key], new[key]) for key in old if old[key] != new[key]}


def _moves(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> tuple[Move, ...]:
    """Return the rows that are on one list only, by district, those that enter first."""
    moved = by_priority(gpd.GeoDataFrame(after[before["VISIT"] != after["VISIT"]]))
    moved = moved.assign(OUT=~moved["VISIT"], DISTRICT=moved["INSP_DIST"].replace("", LAST))
    moved = moved.sort_values(["DISTRICT", "OUT"], kind="stable")

    moves = []
    for index, row in zip(moved.index, moved.to_dict("records"), strict=True):
        move = Move(
            district=str(row["INSP_DIST"]),
            parcel_id=str(row["PARCEL_ID"]),
            address=str(row["ADDRESS"]),
            enters=not row["OUT"],
            before=int(before.at[index, "PRIORITY"]),
            after=int(row["PRIORITY"]),
            why_before=str(before.at[index, "WHY"]),
            why_after=str(row["WHY"]),
        )
        moves.append(move)
    return tuple(moves)


def parse_weights(pairs: Iterable[str], settings: PrioritySettings) -> PrioritySettings:
    """Return the points with some of them changed.

    >>> parse_weights(["likely=80"], PrioritySettings()).likely
    80

    Args:
        pairs: Such as "likely=80".
        settings: The points that stay.

    Raises:
        UsageError: not KEY=POINTS, an unknown key, or points that are not a whole number.
    """
    known = list(asdict(settings))
    changed: dict[str, int] = {}
    for pair in pairs:
        key, equals, text = (part.strip() for part in pair.partition("="))
        if not equals:
            raise UsageError(f"--what-if got {pair!r}, want KEY=POINTS such as likely=80")
        if key not in known:
            raise UsageError(_unknown_weight(key, known))
        if key in changed:
            raise UsageError(f"--what-if names {key} twice, want every weight once")
        changed[key] = _parse_points(key, text)
    return replace(settings, **changed)


def _unknown_weight(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else f"want one of {', '.join(known)}"
    return f"--what-if: no weight is called {key!r}, {remedy}"


def _parse_points(key: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise UsageError(
            f"--what-if: {key} is {text!r}, want a whole number such as {key}=80"
        ) from error
