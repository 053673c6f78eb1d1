"""A flyover that is a tile service, as the city file names it."""

from dataclasses import dataclass
from enum import StrEnum

from imagery.errors import ConfigError
from imagery.services.service import Service, is_service

WMTS = "wmts:"
"""How the path of a WMTS begins, in small letters."""
IMAGE_SERVER = "/imageserver"
"""How the address of an ImageServer ends, in small letters."""


class Kind(StrEnum):
    """What a service speaks."""

    XYZ = "XYZ"
    WMTS = "WMTS"
    IMAGE_SERVER = "ImageServer"


@dataclass(frozen=True, kw_only=True)
class PhotoService:
    """The tile service of one year."""

    year: int
    """Year of the flyover."""
    kind: Kind
    """What it speaks."""
    service: Service
    """Its address."""
    zoom: int = -1
    """Level that is fetched; -1 takes the one that the model needs."""
    layer: str = ""
    """Name of its layer, "" where it has one."""
    own_pixels: str = ""
    """Why the city takes its level for sharp though it looks enlarged, "" where it does not."""

    @property
    def identity(self) -> str:
        """Return what tells its tiles from those of another service or layer."""
        return f"{self.kind} {self.service.identity} {self.layer}".strip()


def photo_service(
    year: int, path: str, *, zoom: int, layer: str, own_pixels: str = ""
) -> PhotoService | None:
    """Return the service that a path of a [[flyover]] names; None for files.

    Raises:
        ConfigError: the address holds a secret, or an XYZ address has no level.
    """
    kind = kind_of(path)
    if kind is None:
        return None
    address = path[len(WMTS) :] if kind is Kind.WMTS else path
    if not is_service(address):
        raise ConfigError(f"flyover {year} path: got {path!r}, want {WMTS.upper()}https://...")
    service = Service(section=f"flyover {year}", address=address)
    if kind is Kind.XYZ and zoom < 0:
        raise ConfigError(
            f"flyover {year} zoom: missing; {service.shown} does not say to which level it has "
            "pixels of its own: write zoom = N"
        )
    return PhotoService(
        year=year, kind=kind, service=service, zoom=zoom, layer=layer, own_pixels=own_pixels.strip()
    )


def kind_of(path: str) -> Kind | None:
    """Return what kind of service a path names; None for files."""
    lower = path.lower()
    if lower.startswith(WMTS):
        return Kind.WMTS
    if not is_service(lower):
        return None
    if "{z}" in lower:
        return Kind.XYZ
    is_server = lower.partition("?")[0].rstrip("/").endswith(IMAGE_SERVER)
    return Kind.IMAGE_SERVER if is_server else None
