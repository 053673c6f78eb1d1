"""A service is asked on the host that the city file names, and on no other."""

import http.client
import urllib.request
from typing import IO
from urllib.parse import urlsplit

from imagery.services.failures import Failed


class SameHost(urllib.request.HTTPRedirectHandler):
    """Follows a redirect on the host that was named, and no other."""

    def redirect_request(  # noqa: PLR0913  # as urllib calls it
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Refuse another host, port or a way that others can read."""
        asked = urlsplit(req.full_url)
        other = urlsplit(newurl)
        is_same = (asked.scheme, asked.netloc) == (other.scheme, other.netloc)
        is_safer = asked.hostname == other.hostname and other.scheme == "https"
        if not (is_same or is_safer):
            fp.close()
            where = f"{other.scheme}://{other.netloc}"
            raise Failed(
                f"it sends us to {where}, which the city file does not name", is_final=True
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)
