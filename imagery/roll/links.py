"""Links to a building on the city's own pages, by template."""

import re
from urllib.parse import quote

from imagery.errors import ConfigError

PLACEHOLDERS = frozenset({"parcel_id", "lon", "lat", "address"})
"""What a template may have filled in."""


def fill_template(
    template: str, *, parcel_id: str, address: str, lon_lat: tuple[float, float] | None
) -> str:
    """Fill in the address of one of the city's own pages.

    >>> template = "https://city.example/?p={parcel_id}"
    >>> fill_template(template, parcel_id="0216 001", address="", lon_lat=None)
    'https://city.example/?p=0216%20001'

    Returns:
        The link; "" without a template, or when it needs a location that is not known.
    """
    needs_location = "{lon}" in template or "{lat}" in template
    if not template or (needs_location and lon_lat is None):
        return ""

    lon, lat = lon_lat or (0.0, 0.0)
    values = {
        "parcel_id": quote(parcel_id, safe=""),
        "address": quote(address, safe=""),
        "lon": f"{lon:.6f}",
        "lat": f"{lat:.6f}",
    }
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def check_template(template: str, key: str) -> None:
    """Refuse an address that is no web address, or has places that nothing fills in.

    Args:
        template: The address; "" for none.
        key: Key of the city file, for the message.

    Raises:
        ConfigError: it cannot be a link.
    """
    if template and not template.lower().startswith(("https://", "http://")):
        raise ConfigError(
            f"{key} is {template!r}, want an address that begins with https://, "
            "such as https://maps.example.gov/?parcel={parcel_id}"
        )

    unknown = sorted(set(re.findall(r"\{(.*?)\}", template)) - PLACEHOLDERS)
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
        raise ConfigError(f"{key} has {{{unknown[0]}}}, want only {known}")
