"""What a service of Esri's kind says of itself: its layers, how many rows, which CRS."""

from pyproj import CRS
from pyproj.exceptions import CRSError

from imagery.services.client import Client, Json
from imagery.services.json_values import objects_of, text_of, whole_of

REFERENCE = "spatialReference"
ALL = "1=1"
"""Condition that every row meets."""
SERVERS = ("/featureserver", "/mapserver")
"""How the address of a service of Esri's kind is told, in small letters."""


def find_layer(client: Client) -> tuple[str, Json]:
    """Return what follows the address to the layer, and what the service says of it.

    Raises:
        InputError: there is no such layer, or several.
    """
    info = client.ask("", {"f": "json"})
    if "fields" in info:
        return "", info

    layers = [*objects_of(info, "layers"), *objects_of(info, "tables")]
    wanted = client.service.layer
    found = [
        whole_of(layer, "id")
        for layer in layers
        if not wanted or wanted in (text_of(layer, "name"), str(whole_of(layer, "id")))
    ]
    if len(found) != 1:
        names = ", ".join(f"{text_of(layer, 'name')} ({layer.get('id')})" for layer in layers[:8])
        raise client.error(
            f"want one layer, and it has {names or 'none'}",
            remedy=_layer_remedy(client.service.section),
        )
    place = f"/{found[0]}"
    return place, client.ask(place, {"f": "json"})


def _layer_remedy(section: str) -> str:
    if not section:
        return "give its own address, such as .../FeatureServer/0"
    return f"name it with [{section}] layer"


def ask_count(client: Client, place: str, condition: str = ALL) -> int:
    """Return how many rows the service says that it has that meet a condition.

    Raises:
        InputError: it does not say.
    """
    answer = client.ask(
        f"{place}/query", {"where": condition, "returnCountOnly": "true", "f": "json"}
    )
    count = whole_of(answer, "count")
    if count is None:
        raise client.error("it does not say how many rows it has")
    return count


def crs_of(reference: Json) -> CRS | None:
    """Return the CRS of a spatial reference, None where it names none that is known."""
    names = []
    for key in ("latestWkid", "wkid"):
        number = whole_of(reference, key)
        if number:
            names += [f"EPSG:{number}", f"ESRI:{number}"]
    for name in [*names, text_of(reference, "wkt")]:
        try:
            return CRS.from_user_input(name)
        except CRSError:
            continue
    return None
