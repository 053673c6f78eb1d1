"""The Esri feature layer that is written: which department it is for, and whether it fits.

Everything is looked at before anything is changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pyproj import CRS

from gis_export.table import columns
from gis_export.table.fields import Field, Tier, fields_of
from imagery.errors import CrsMismatch, InputError, Refused
from imagery.services.client import Client, Json
from imagery.services.esri_about import REFERENCE, crs_of, find_layer
from imagery.services.json_values import object_of, objects_of, text_of, whole_of

YEAR = "FLY_YEAR"
"""Field of the year; with PARCEL_ID the key of the layer."""
TIERS = (Tier.RESPONDER, Tier.HOUSING)
"""Departments that have a layer."""
POLYGONS = "esriGeometryPolygon"
NEEDED = ("Create", "Delete", "Query", "Update")
"""What the layer must allow; Delete is for undoing what failed halfway."""

_WHOLE = ("Integer", "BigInteger")
_TYPES = {
    "text": ("String",),
    "int": _WHOLE,
    "real": ("Double",),
    "date": ("Date", "DateOnly"),
}
"""Types of Esri that hold a kind of value whole."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EsriTarget:
    """A layer that can take the rows of a department."""

    client: Client
    """Asks the service."""
    place: str
    """What follows the address to the layer."""
    info: Json
    """What the service says of it."""
    tier: Tier
    """Whose fields it holds."""
    crs: CRS
    """CRS of its geometry."""
    names: dict[str, str]
    """How it spells each of our fields, and `YEAR`."""
    days_only: frozenset[str]
    """Fields of ours whose days it keeps without a time."""

    @property
    def reference(self) -> Json:
        """Return its CRS as it spells it."""
        return object_of(object_of(self.info, "extent"), REFERENCE)

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return the fields that are written, beside the year."""
        return fields_of(self.tier)


def open_target(client: Client) -> EsriTarget:
    """Ask what the layer is, and check that it can take the rows of a department.

    Raises:
        InputError: it does not answer, is no layer of one department, lacks a field, or has one of
            another type or length; another geometry; or does not allow all edits.
        CrsMismatch: it names no CRS.
        Refused: anybody can read it.
    """
    place, info = find_layer(client)
    _check_rights(client, info)
    found = {text_of(values, "name").lower(): values for values in objects_of(info, "fields")}
    tier = _find_tier(client, found)
    _check_fields(client, tier, found)
    crs = _find_crs(client, info)
    _check_closed(client, place)

    names = [YEAR, *(field.name for field in fields_of(tier))]
    return EsriTarget(
        client=client,
        place=place,
        info=info,
        tier=tier,
        crs=crs,
        names={name: text_of(found[name.lower()], "name") for name in names},
        days_only=frozenset(name for name in names if _kind_of(found[name.lower()]) == "DateOnly"),
    )


def _check_rights(client: Client, info: Json) -> None:
    allowed = text_of(info, "capabilities").replace(" ", "").split(",")
    missing = [right for right in NEEDED if right not in allowed]
    if missing:
        raise client.error(
            f"the layer does not allow {', '.join(missing)}",
            remedy=f"let its owner enable {', '.join(NEEDED)}",
        )
    geometry = text_of(info, "geometryType") or "no geometry"
    if geometry != POLYGONS:
        raise client.error(
            f"the layer holds {geometry}, want {POLYGONS}", remedy="name a layer of parcels"
        )
    if info.get("hasZ") is True:
        raise client.error(
            "the layer holds heights (hasZ), which parcels do not have",
            remedy="name a layer without them",
        )


def _find_tier(client: Client, found: Iterable[str]) -> Tier:
    """Return the department whose own fields the layer has."""
    own = {tier: _own_names(tier, found) for tier in TIERS}
    having = [tier for tier, names in own.items() if names]
    if len(having) == 1:
        return having[0]

    fire, housing = (own[tier] for tier in TIERS)
    if having:
        raise client.error(
            f"the layer has fields of both departments, such as {fire[0]} and {housing[0]}",
            remedy="give each its own layer, or rename the field that is the city's own",
        )
    raise client.error(
        "the layer has no field of fire's or of housing's own, such as SIGN_POST or SCORE",
        remedy="make it from fire.zip or housing.zip of the export, and add FLY_YEAR (Integer)",
    )


def _own_names(tier: Tier, found: Iterable[str]) -> list[str]:
    """Return the names of the fields that only this department's products carry."""
    others = {field.name for other in TIERS if other is not tier for field in fields_of(other)}
    names = {field.name for field in fields_of(tier)} - others
    return sorted(name for name in names if name.lower() in found)


def _check_fields(client: Client, tier: Tier, found: dict[str, Json]) -> None:
    """Name every field that is missing or does not fit, in one line."""
    wrong = []
    year = Field(
        name=YEAR,
        alias="flyover_year",
        kind="int",
        width=4,
        tiers=frozenset({tier}),
        meaning="Year of the flyover.",
    )
    for field in (year, *fields_of(tier)):
        problem = _problem_of(field, found.get(field.name.lower()))
        if problem:
            wrong.append(f"{field.name} {problem}")
    if wrong:
        raise client.error(
            f"{len(wrong)} fields of the layer do not fit: {'; '.join(wrong)}",
            remedy="add or correct them, or make a new layer from the pack of the export",
        )


def _problem_of(field: Field, values: Json | None) -> str:
    """Say why a field of the layer cannot hold ours, "" if it can."""
    types = (*_TYPES[field.kind], *(("SmallInteger",) if field.name == YEAR else ()))
    if values is None:
        wide = f" of {field.width}" if field.kind == "text" else ""
        return f"is missing, want {types[0]}{wide}"

    kind = _kind_of(values)
    length = whole_of(values, "length")
    if kind not in types:
        return f"is {kind}, want {types[0]}"
    if kind == "String" and length is not None and length < field.width:
        return f"holds {length} characters, want {field.width}"
    if values.get("editable") is False:
        return "cannot be edited"
    if values.get("nullable") is False and field.name not in (YEAR, columns.PARCEL_ID):
        return "may not be empty, want one that may"
    return ""


def _kind_of(values: Json) -> str:
    return text_of(values, "type").removeprefix("esriFieldType")


def _find_crs(client: Client, info: Json) -> CRS:
    reference = object_of(object_of(info, "extent"), REFERENCE)
    crs = crs_of(reference)
    if crs is None:
        error = client.error(f"it names no CRS that is known: {reference}", remedy="set its CRS")
        raise CrsMismatch(*error.args)
    return crs


def _check_closed(client: Client, place: str) -> None:
    """Check that nobody reads the layer without a token.

    No product of a department is for everybody.
    """
    service = client.service
    if not service.secrets:
        raise InputError(
            f"{service.where}: {service.shown}: no token; nothing was changed; write "
            "'...?token=$NAME' in single quotes and set the environment variable NAME"
        )
    stranger = client.without_token()
    if not stranger.is_refused(place, {"f": "json"}):
        raise Refused(
            f"{service.where}: {service.shown}: anybody can read this layer without a token, and "
            "the rows of a department are not for everybody; nothing was changed; share it with "
            "those only who may read it, and run the same command again"
        )
