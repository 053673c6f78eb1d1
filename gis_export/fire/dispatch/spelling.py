"""Rows with addresses as dispatch spells them, which responders know."""

from collections.abc import Sequence

import numpy as np

from gis_export.fire.dispatch.address_match import match_addresses, read_addresses
from gis_export.table import columns
from gis_export.table.export_table import ExportTable
from gis_export.table.settings import DispatchSettings
from gis_export.table.tables import csv_texts


def respelled(table: ExportTable, spelled: Sequence[str]) -> ExportTable:
    """Return the rows with other addresses; "" keeps the one on the roll.

    Args:
        table: N rows.
        spelled: As dispatch spells each address, N texts.
    """
    theirs = np.array(spelled, dtype=object)
    on_roll = table.rows[columns.ADDRESS].to_numpy(dtype=object)
    return table.with_addresses(np.where(theirs != "", theirs, on_roll))


def as_dispatch_spells(table: ExportTable, settings: DispatchSettings) -> ExportTable:
    """Return the rows as the fire products have them.

    Raises:
        InputError: the dispatcher's list of addresses cannot be read.
    """
    book = read_addresses(settings)
    matches = match_addresses(csv_texts(table.rows[columns.ADDRESS]), book)
    return respelled(table, [match.spelled for match in matches])
