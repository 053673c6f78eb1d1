"""Publish a year to an Esri feature layer: rows are added or changed by PARCEL_ID and year.

Esri's REST API: the rows of the year are queried, and what differs is sent by applyEdits in
chunks that the server rolls back when a row fails. Where a chunk fails for good, what the chunks
before it changed is undone. An answer that is lost is no reason to send a chunk again: the layer
is asked first what it holds. So a run that was killed goes on where it stopped.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

from gis_export.formats.esri_rows import (
    Edits,
    EsriRow,
    KeptRow,
    Wanted,
    edits_form,
    find_edits,
    kept_row,
    wanted_rows,
)
from gis_export.formats.esri_target import YEAR, EsriTarget
from gis_export.table.export_table import ExportTable
from imagery.services.client import Json
from imagery.services.esri import ROWS, list_rows
from imagery.services.failures import Failed, ServiceError
from imagery.services.json_values import object_of, objects_of, text_of
from imagery.troubles import shown

EDIT_ROWS = 250
"""Most rows of one applyEdits."""
AGAIN = "run the same command again"

_RESULTS = ("addResults", "updateResults", "deleteResults")

Tell = Callable[[int], None]
"""Told how many rows were sent."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many rows of the year a layer gets."""

    added: int
    """Rows of parcels that had none."""
    changed: int
    """Rows with another value or outline."""
    same: int
    """Rows that are there already."""
    left: int
    """Rows of the year that are of no parcel of the export; they were left as they are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class YearRows:
    """The rows of a year that a layer has."""

    by_parcel: dict[str, list[KeptRow]]
    """By parcel."""
    id_field: str
    """Name of the field of object ids."""

    @property
    def repeated(self) -> list[str]:
        """Return the parcels that have more than one row."""
        return [parcel_id for parcel_id, rows in self.by_parcel.items() if len(rows) > 1]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerPlan:
    """What is to be done on a layer."""

    target: EsriTarget
    """The layer."""
    year: int
    """Year of the rows."""
    wanted: dict[str, EsriRow]
    """By parcel."""
    before: YearRows
    """Rows that were there."""
    edits: Edits
    """What differs."""

    @property
    def counts(self) -> Counts:
        """Return how many rows are added, changed or left."""
        others = self.before.by_parcel.keys() - self.wanted.keys()
        return Counts(
            added=len(self.edits.adds),
            changed=len(self.edits.updates),
            same=len(self.wanted) - len(self.edits),
            left=sum(len(self.before.by_parcel[parcel_id]) for parcel_id in others),
        )

    @property
    def changed(self) -> dict[str, EsriRow]:
        """Return the rows that are added or changed, by parcel."""
        rows = [*self.edits.adds, *(kept.row for kept in self.edits.updates)]
        return {row.parcel_id: row for row in rows}


def plan_layer(table: ExportTable, target: EsriTarget, year: int) -> LayerPlan:
    """Ask for the rows of the year, and find what differs; nothing is changed.

    Raises:
        InputError: the service failed, or a parcel has two rows of the year.
    """
    wanted = wanted_rows(table, target, year)
    before = read_year(target, year)
    twice = [parcel_id for parcel_id in before.repeated if parcel_id in wanted]
    if twice:
        raise target.client.error(
            f"{len(twice):,} parcels have more than one row of {year}, the first {twice[0]!r}",
            remedy="remove the rows that are wrong",
        )
    edits = find_edits(before.by_parcel, wanted, target)
    return LayerPlan(target=target, year=year, wanted=wanted, before=before, edits=edits)


def read_year(target: EsriTarget, year: int) -> YearRows:
    """Ask for the rows of a year.

    Raises:
        InputError: the service failed.
    """
    condition = f"{target.names[YEAR]} = {year}"
    layer = list_rows(target.client, target.place, target.info, condition)
    by_parcel: dict[str, list[KeptRow]] = {}
    for ids in layer.id_pages():
        for feature in objects_of(layer.fetch_page(ids), ROWS):
            kept = kept_row(feature, target, layer.id_field)
            by_parcel.setdefault(kept.row.parcel_id, []).append(kept)
    return YearRows(by_parcel=by_parcel, id_field=layer.id_field)


def apply_plan(plan: LayerPlan, tell: Tell) -> None:
    """Change the layer, and undo all of it where something fails.

    Raises:
        InputError: a row was refused, or the service failed; says what became of the layer.
    """
    try:
        _reach(plan, plan.changed, plan.before, tell)
    except (Failed, ServiceError) as error:
        raise _undo(plan, error) from None


def _undo(plan: LayerPlan, error: Failed | ServiceError) -> ServiceError:
    """Undo what was changed, and return the error that says so."""
    before = plan.before.by_parcel
    rows = {name: before[name][0].row if name in before else None for name in plan.changed}
    client = plan.target.client
    try:
        _reach(plan, rows, read_year(plan.target, plan.year), _tell_nobody)
    except (Failed, ServiceError) as second:
        words = f"{_words(error)}; undoing failed too: {_words(second)}"
        halfway = replace(client, kept="some rows are new and others old")
        return halfway.error(words, remedy=f"{AGAIN}, which goes on where it stopped")
    return replace(client, kept="what had been changed was undone").error(_words(error))


def _words(error: Failed | ServiceError) -> str:
    return error.words if isinstance(error, ServiceError) else str(error)


def _tell_nobody(_: int) -> None:
    """Count nothing."""


def _reach(plan: LayerPlan, wanted: Wanted, there: YearRows, tell: Tell) -> None:
    """Make the rows of some parcels what is wanted, chunk by chunk, and look at the end.

    Raises:
        Failed: a row was refused, or the service failed for good.
        ServiceError: the service failed when it was asked for rows.
    """
    names = iter(wanted)
    while chunk := list(islice(names, EDIT_ROWS)):
        _reach_chunk(plan, {name: wanted[name] for name in chunk}, there)
        tell(len(chunk))

    there = read_year(plan.target, plan.year)
    rest = len(find_edits(there.by_parcel, wanted, plan.target))
    rest += sum(name in wanted for name in there.repeated)
    if rest:
        raise Failed(f"{rest:,} rows are not as they were sent", is_final=True)


def _reach_chunk(plan: LayerPlan, wanted: Wanted, there: YearRows) -> None:
    """Send one chunk, until the layer holds it.

    Raises:
        Failed: a row was refused, or the service failed for good.
        ServiceError: the service failed when it was asked for rows.
    """
    client = plan.target.client
    for attempt in range(1, client.settings.tries + 1):
        edits = find_edits(there.by_parcel, wanted, plan.target)
        try:
            if len(edits):
                _send(plan.target, edits, there.id_field)
            return
        except Failed as failed:
            if failed.is_final or attempt == client.settings.tries:
                raise
            client.wait(attempt, failed.wait_s)
        # What was sent may have been done though no answer came.
        there = read_year(plan.target, plan.year)


def _send(target: EsriTarget, edits: Edits, id_field: str) -> None:
    """Send one chunk.

    Raises:
        Failed: no answer, or one that says that a row was refused.
    """
    form: Json = {"f": "json", "rollbackOnFailure": "true"}
    for name, rows in edits_form(edits, target, id_field).items():
        if rows:
            form[name] = json.dumps(rows)
    answer = target.client.send(f"{target.place}/applyEdits", form)

    results = [result for name in _RESULTS for result in objects_of(answer, name)]
    for result in results:
        if result.get("success") is not True:
            error = object_of(result, "error")
            said = target.client.without_secrets(text_of(error, "description"))
            raise Failed(f"it refuses a row: {error.get('code')}: {shown(said)}", is_final=True)
    if len(results) != len(edits):
        raise Failed(f"it answers for {len(results):,} of {len(edits):,} rows")
