"""What dispatch gives and gets, read before any long work: nothing of it may stop an export."""

from gis_export.fire.dispatch.address_match import read_addresses
from gis_export.fire.dispatch.columns import column_map_of
from gis_export.fire.dispatch.last_delivery import check_day, last_delivery
from gis_export.fire.dispatch.state import newest_flyover, read_deletes, read_state
from gis_export.fire.dispatch.vendor_file import find_too_wide
from imagery.errors import InputError
from imagery.troubles import Trouble, only_troubles
from roofwatch.year import CityYear


def dispatch_troubles(year: CityYear) -> tuple[Trouble, ...]:
    """Return why the files of dispatch cannot be used, and what was noticed in the addresses."""
    return only_troubles([*_read_files(year), _find_too_wide(year)])


def _read_files(year: CityYear) -> tuple[Trouble, ...]:
    delivered = year.city.workspace.folder
    try:
        fires = year.fires
        book = read_addresses(year.file.export.dispatch)
        if year.year >= newest_flyover(read_state(delivered)):
            check_day(last_delivery(delivered), year.as_of)
        read_deletes(delivered, today=year.as_of)
        column_map_of(year.file.export.dispatch)
    except InputError as error:
        unreadable = Trouble(
            what="files of dispatch that cannot be used",
            examples=(str(error),),
            remedy="export delivers nothing before",
            is_fix=True,
        )
        return (unreadable,)
    return (*(book.troubles if book else ()), *fires.troubles)


def _find_too_wide(year: CityYear) -> Trouble | None:
    """Return the parcels whose address or id a column of the vendor would cut."""
    try:
        columns = column_map_of(year.file.export.dispatch)
    except InputError:
        return None
    if columns is None or not columns.widths:
        return None

    roll = year.roll.table
    ids = roll["parcel_id"].astype(str)
    addresses = roll["address"].astype(str)
    with_fires = year.file.export.fires is not None
    lines = find_too_wide(columns, ids, addresses, with_fires=with_fires)
    if not lines:
        return None
    return Trouble(
        what="parcels that a column of [export.dispatch] columns is too narrow for",
        examples=tuple(lines[:1]),
        remedy="widen it, or shorten what it holds",
        is_fix=True,
        count=len(lines),
    )
