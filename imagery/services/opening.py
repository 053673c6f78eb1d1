"""Which kind of service an address is of."""

from urllib.parse import urlsplit

from imagery.services.client import Client
from imagery.services.esri import open_esri
from imagery.services.esri_about import SERVERS
from imagery.services.layer import Layer
from imagery.services.ogc_api import open_ogc_api
from imagery.services.wfs import open_wfs


def open_layer(client: Client) -> Layer:
    """Ask a service what a layer is.

    Raises:
        InputError: it does not answer, or has no such layer.
    """
    address = urlsplit(client.service.address.lower())
    if "service=wfs" in address.query or address.path.rstrip("/").endswith("/wfs"):
        return open_wfs(client)
    if any(server in address.path for server in SERVERS):
        return open_esri(client)
    return open_ogc_api(client)
