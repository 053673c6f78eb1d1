"""Which vacant building each fire of the city's table was at.

A fire is at the parcel that its id means, by the one way in which ids are matched, or at the only
vacant parcel with its address in normal form. An address that is only similar is never taken. What
is not certain is named, and says nothing of any building.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import pandas as pd

from gis_export.fire.dispatch.address_form import normal_address
from gis_export.fire.dispatch.address_match import AddressBook, match_addresses
from gis_export.table.fire_settings import FireFile
from imagery.roll.parcels import VacantRoll
from imagery.roll.tables import optional_column, read_table, text_column
from imagery.tables.table_file import Table
from imagery.troubles import Trouble, only_troubles, shown, trouble_of
from imagery.values.days import DaySource, find_bad_days, read_days
from imagery.values.texts import clean_ids, clean_texts

AT_VACANT = "at a vacant parcel"
ELSEWHERE = "at a building that is not on the vacant roll"
NO_PLACE = "with neither id nor address"
UNKNOWN_ID = "with an id that means no parcel for certain"
UNKNOWN_ADDRESS = "at an address that is not on the vacant roll"
SEVERAL = "at an address of several vacant parcels"
CONTRARY = "whose id and address are of two parcels"
NO_DAY = "without a day"
_NOTHING_SAID = "until then dispatch hears nothing of them"
_REMEDIES = {
    NO_PLACE: f"write the parcel; {_NOTHING_SAID}",
    UNKNOWN_ID: f"spell the id as the parcel file does; {_NOTHING_SAID}",
    UNKNOWN_ADDRESS: "spell those of vacant buildings as the roll does; others need nothing",
    SEVERAL: f"write the parcel; {_NOTHING_SAID}",
    CONTRARY: f"correct one of the two; {_NOTHING_SAID}",
    NO_DAY: f"write the day; {_NOTHING_SAID}",
}


@dataclass(frozen=True, kw_only=True)
class Fires:
    """The fires of the city, by the vacant parcel that they were at."""

    latest: Mapping[str, date] = field(default_factory=dict)
    """Day of the latest fire, by parcel as the roll spells it."""
    at_vacant: int = 0
    """Rows of vacant parcels, with a day."""
    elsewhere: int = 0
    """Rows of parcels or addresses that are known and not on the vacant roll."""
    total: int = 0
    """Rows of the table."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed in the table."""

    @property
    def line(self) -> str:
        """Say how many fires were at vacant parcels; "" where there is no table."""
        if not self.total:
            return ""
        return (
            f"{self.at_vacant:,} of {self.total:,} fires were at vacant parcels, "
            f"{self.elsewhere:,} at other known buildings"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Places:
    """What addresses mean."""

    roll: VacantRoll
    """The vacant roll."""
    book: AddressBook | None
    """The dispatcher's list, which knows other spellings; None without one."""

    @cached_property
    def parcels(self) -> dict[str, set[str]]:
        """Vacant parcels by every form of their address."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        table = self.roll.table
        ids = table["parcel_id"].astype("str").tolist()
        addresses = table["address"].fillna("").astype("str").tolist()
        for parcel, address in zip(ids, addresses, strict=True):
            for form in self.forms(address):
                found[form].add(parcel)
        return dict(found)

    def forms(self, address: str) -> list[str]:
        """Return the forms of an address, of the list's own spelling first; none for ""."""
        text = address.strip()
        if not text:
            return []
        match = match_addresses([text], self.book)[0]
        spelled = [match.spelled] if match.spelled else []
        return list(dict.fromkeys(normal_address(each).full for each in (*spelled, text)))

    def is_listed(self, address: str) -> bool:
        """Tell whether the dispatcher's list has an address."""
        return bool(match_addresses([address.strip()], self.book)[0].spelled)

    def at(self, address: str) -> set[str]:
        """Return the vacant parcels at an address; of a unit else those of the whole building."""
        whole = normal_address(address).building.full
        for form in (*self.forms(address), whole):
            if form in self.parcels:
                return self.parcels[form]
        return set()


def read_fires(
    source: FireFile | None, roll: VacantRoll, book: AddressBook | None, *, today: date
) -> Fires:
    """Read the table of fires.

    Args:
        source: The table; None where the city file names none.
        roll: The vacant roll.
        book: The dispatcher's list of addresses.
        today: Last day that a fire can have.

    Raises:
        InputError: the file or one of its columns is not there, or cannot be read for certain.
    """
    if source is None:
        return Fires()

    file = _read_file(source)
    ids = pd.Series("", index=file.rows.index)
    if source.id:
        ids = text_column(file.rows, source.id, what="[export.fires] id")
    addresses = optional_column(file.rows, source.address, what="[export.fires] address")
    days = text_column(file.rows, (source.day,), what="[export.fires] day")
    read = read_days(days, order=source.day_order, latest=today)

    day_source = DaySource(
        file=source.path.name,
        section="export.fires",
        noun="fires",
        column=source.day,
        names=ids.where(ids.str.strip() != "", addresses),
        rows=file.row_numbers,
    )
    table = pd.DataFrame(
        {
            "id": clean_ids(ids),
            "address": clean_texts(addresses).str.strip(),
            "day": read.day,
            "is_empty": days.str.strip() == "",
            "row": file.row_numbers,
        }
    )
    fires = _place_fires(table, _Places(roll=roll, book=book))
    noticed = (*file.troubles, *find_bad_days(read, days, day_source), *fires.troubles)
    return replace(fires, troubles=noticed)


def _read_file(source: FireFile) -> Table:
    return read_table(
        source.path,
        layer=source.layer,
        what="export.fires",
        key=source.id or (source.address,),
        columns=tuple(name for name in (source.address, source.day) if name),
    )


def _place_fires(table: pd.DataFrame, places: _Places) -> Fires:
    """Return the fires by parcel, and what is not certain of them."""
    latest: dict[str, date] = {}
    counts: Counter[str] = Counter()
    odd: defaultdict[str, list[str]] = defaultdict(list)
    cells = zip(
        table["day"], table["is_empty"], table["row"], _meanings(table, places), strict=True
    )

    for day, is_empty, row, (kind, parcel, name) in cells:
        is_dated = not pd.isna(day)
        said = NO_DAY if kind == AT_VACANT and is_empty else kind
        counts[said] += said != AT_VACANT or is_dated
        if said in _REMEDIES:
            odd[said].append(f"{shown(name)} in row {row}" if name else f"row {row}")
        if said == AT_VACANT and is_dated:
            fire = date(day.year, day.month, day.day)
            latest[parcel] = max(fire, latest.get(parcel, fire))

    with_id = int((table["id"] != "").sum())
    is_other_city = len(odd[UNKNOWN_ID]) > (1 - places.roll.min_matched) * with_id
    troubles = (
        trouble_of(
            odd[kind],
            what=f"fires {kind}",
            remedy=remedy,
            is_fix=kind == UNKNOWN_ID and is_other_city,
        )
        for kind, remedy in _REMEDIES.items()
    )
    return Fires(
        latest=latest,
        at_vacant=counts[AT_VACANT],
        elsewhere=counts[ELSEWHERE],
        total=len(table),
        troubles=only_troubles(troubles),
    )


def _meanings(table: pd.DataFrame, places: _Places) -> Iterator[tuple[str, str, str]]:
    """Yield for each fire its kind, its vacant parcel or "", and how the table names it."""
    on_roll = set(places.roll.table["parcel_id"].astype("str"))
    known = places.roll.known_ids
    matches = places.roll.match(table["id"])

    for name, address, place in zip(table["id"], table["address"], matches.place, strict=True):
        if not name and not address:
            yield NO_PLACE, "", ""
            continue
        if not name:
            kind, parcel = _at_address(address, places)
            yield kind, parcel, address
            continue
        meant = str(known.iloc[place]) if place >= 0 else ""
        yield _by_id(meant, address, places, on_roll), meant, name


def _by_id(meant: str, address: str, places: _Places, on_roll: set[str]) -> str:
    """Return the kind of a fire whose row has an id."""
    if not meant:
        return UNKNOWN_ID

    at = places.at(address) if address else set()
    if at and meant not in at:
        return CONTRARY
    return AT_VACANT if meant in on_roll else ELSEWHERE


def _at_address(address: str, places: _Places) -> tuple[str, str]:
    """Return the kind of a fire whose row has an address alone, and its vacant parcel or ""."""
    at = places.at(address)
    if len(at) == 1:
        return AT_VACANT, next(iter(at))
    if at:
        return SEVERAL, ""
    return (ELSEWHERE if places.is_listed(address) else UNKNOWN_ADDRESS), ""
