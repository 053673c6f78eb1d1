"""Fields of an Esri layer: their types, coded values and subtypes. No service is asked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from imagery.services.client import Json
from imagery.services.columns import day_array, is_time, number_array, text_array
from imagery.services.json_values import object_of, objects_of, text_of

Codes = dict[object, str]
"""Names by code."""

_WHOLE = ("OID", "Integer", "SmallInteger", "BigInteger")
_NUMBER = ("Single", "Double")


@dataclass(frozen=True, kw_only=True, eq=False)
class EsriField:
    """One field."""

    name: str
    """As the service spells it."""
    kind: str
    """Type, such as "Date", without "esriFieldType"."""
    codes: Codes = field(default_factory=dict)
    """Names of its codes; none where it is not coded."""
    codes_of_type: dict[object, Codes] = field(default_factory=dict)
    """The same for rows of one subtype."""

    @property
    def is_coded(self) -> bool:
        """Tell whether its values stand for names."""
        return bool(self.codes or self.codes_of_type)


@dataclass(frozen=True, kw_only=True, eq=False)
class EsriFields:
    """All fields of a layer."""

    fields: tuple[EsriField, ...]
    """In the order of the service."""
    type_field: str = ""
    """Name of the field of the subtype, "" for none."""
    zone: ZoneInfo | None = None
    """Where the service keeps its times; None for UTC."""
    times: frozenset[str] = frozenset()
    """Fields of dates that hold times and not only days, where there is a zone."""

    def with_times(self, rows: Iterable[Json]) -> "EsriFields":
        """Return the fields, with those of dates that hold times in the rows.

        Where all dates of a field are midnights of UTC they were entered as days.
        """
        if self.zone is None:
            return self
        dates = {esri_field.name for esri_field in self.fields if esri_field.kind == "Date"}
        times: set[str] = set()
        for row in rows:
            times |= {name for name in dates - times if is_time(row.get(name))}
        return replace(self, times=frozenset(times))

    def table(self, rows: Sequence[Json]) -> tuple[pa.Table, Counter[str]]:
        """Return rows as a table, and how many dates of each field are no day.

        Args:
            rows: Attributes of each row.
        """
        arrays = {}
        bad_days: Counter[str] = Counter()
        kinds = [row.get(self.type_field) for row in rows]
        for esri_field in self.fields:
            values = [row.get(esri_field.name) for row in rows]
            if esri_field.is_coded:
                array = text_array(_named(esri_field, values, kinds))
            elif esri_field.kind in (*_WHOLE, *_NUMBER):
                kind = pa.int64() if esri_field.kind in _WHOLE else pa.float64()
                array = number_array(values, kind)
            elif esri_field.kind == "Date":
                zone = self.zone if esri_field.name in self.times else None
                array, bad_days[esri_field.name] = day_array(values, zone)
            else:
                array = text_array(values)
            arrays[esri_field.name] = array
        return pa.table(arrays), bad_days


def read_fields(info: Json) -> EsriFields:
    """Return the fields that a layer describes."""
    subtypes = objects_of(info, "types")
    type_field = text_of(info, "typeIdField")
    fields = [_read_field(values, subtypes, type_field) for values in objects_of(info, "fields")]
    return EsriFields(
        fields=tuple(esri_field for esri_field in fields if esri_field.kind != "Geometry"),
        type_field=type_field,
        zone=_read_zone(object_of(info, "dateFieldsTimeReference")),
    )


def _read_field(values: Json, subtypes: Sequence[Json], type_field: str) -> EsriField:
    name = text_of(values, "name")
    codes_of_type = {}
    for subtype in subtypes:
        codes = _read_codes(object_of(object_of(subtype, "domains"), name))
        if codes:
            codes_of_type[subtype.get("id")] = codes

    codes = _read_codes(object_of(values, "domain"))
    if name == type_field and not codes:
        codes = {subtype.get("id"): text_of(subtype, "name") for subtype in subtypes}
    kind = text_of(values, "type").removeprefix("esriFieldType")
    return EsriField(name=name, kind=kind, codes=codes, codes_of_type=codes_of_type)


def _read_codes(domain: Json) -> Codes:
    """Return the codes of a domain, none where it is a range or inherited."""
    return {pair.get("code"): text_of(pair, "name") for pair in objects_of(domain, "codedValues")}


def _read_zone(reference: Json) -> ZoneInfo | None:
    name = text_of(reference, "timeZoneIANA")
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _named(
    esri_field: EsriField, values: Sequence[object], kinds: Sequence[object]
) -> list[object]:
    """Return the names of codes; a code without a name stays as it is."""
    named = []
    for value, kind in zip(values, kinds, strict=True):
        codes = esri_field.codes_of_type.get(kind, esri_field.codes)
        named.append(codes.get(value, value) or value)
    return named
