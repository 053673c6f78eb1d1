"""Who may ask the desk for anything: the token, the host, the origin; and what a page may load."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagery.errors import UsageError
from labels.desk.tokens import Token, find_token

LOOPBACK = "127.0.0.1"
"""The address of this machine that no other can reach."""
MOST_BYTES = 16_384
"""Of a request."""
CONTENT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: nothing from any other host."""
HEADERS = {
    "Content-Security-Policy": CONTENT,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer."""
NO_TOKEN = "Open the address that you were given: it carries the token."


_HTTPS_PORT = ":443"


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where the desk listens, and what lets a page in."""

    host: str
    """Address that is bound; `LOOPBACK` unless shared."""
    port: int
    """Port."""
    tokens: tuple[Token, ...]
    """What the address has to carry: one of these."""
    proxy: str = ""
    """Address of a proxy on this machine by which alone people come, "" for none."""

    def __post_init__(self) -> None:
        """Check the address of the proxy."""
        parts = urlsplit(self.proxy)
        is_plain = parts.hostname and not (parts.query or parts.fragment or parts.username)
        if self.proxy and not (parts.scheme == "https" and is_plain):
            raise UsageError("desk --proxy: want an address such as https://desk.city.gov")

    @property
    def cookie(self) -> str:
        """Return the name of the cookie; desks on other ports have their own."""
        return f"roofwatch_desk_{self.port}"

    @property
    def is_shared(self) -> bool:
        """Tell whether other machines reach it."""
        return self.host != LOOPBACK

    @property
    def path(self) -> str:
        """Return the path that the page has in a browser."""
        return f"{urlsplit(self.proxy).path.rstrip('/')}/"

    def address(self, host: str, token: str) -> str:
        """Return the address that opens the page, on a name of this machine or by the proxy."""
        base = self.origin(f"{host}:{self.port}")
        return f"{base}{self.path}?token={token}"

    def origin(self, host: str) -> str:
        """Return where a page comes from that was asked for under a Host header."""
        parts = urlsplit(self.proxy)
        return f"https://{_without_port(parts.netloc)}" if self.proxy else f"http://{host}"

    def is_host(self, header: str) -> bool:
        """Tell whether a Host header names this machine.

        Any other name may have been pointed here by a page elsewhere. An address in numbers cannot.
        """
        if self.proxy:
            return _without_port(header) == _without_port(urlsplit(self.proxy).netloc)
        name, _, port = header.rpartition(":")
        if not name or port != str(self.port):
            return False
        if name.lower() in ("localhost", LOOPBACK, "[::1]"):
            return True
        return self.is_shared and (_is_number(name) or name.lower() in own_names())


def own_names() -> set[str]:
    """Return what this machine calls itself."""
    name = socket.gethostname().lower()
    return {name, name.partition(".")[0]}


def _without_port(netloc: str) -> str:
    """Return a host without the port that https has anyway, in lower case."""
    return netloc.lower().removesuffix(_HTTPS_PORT)


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Refuses what does not come from the desk's own page."""

    app: ASGIApp
    """What is guarded."""
    door: Door
    """Where it listens."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self.refuse(Request(scope))
        if refused is None:
            await self.app(scope, receive, send_guarded)
        else:
            await refused(scope, receive, send_guarded)

    def refuse(self, request: Request) -> PlainTextResponse | None:
        """Return why a request is refused, None where it is not."""
        headers = request.headers
        if not self.door.is_host(headers.get("host", "")):
            return PlainTextResponse("This desk has another address.", 421)
        token = find_token(self.door.tokens, self._token(request))
        if token is None:
            return PlainTextResponse(NO_TOKEN, 403)
        request.state.token = token
        if request.method == "POST":
            return self._refuse_post(headers)
        return None

    def _token(self, request: Request) -> str:
        opens_page = request.url.path == "/" and "token" in request.query_params
        if opens_page:
            return request.query_params["token"]
        return request.cookies.get(self.door.cookie, "")

    def _refuse_post(self, headers: Headers) -> PlainTextResponse | None:
        if headers.get("origin") != self.door.origin(headers["host"]):
            return PlainTextResponse("Only the desk's own page may send answers.", 403)
        length = headers.get("content-length", "")
        is_json = headers.get("content-type", "").partition(";")[0] == "application/json"
        if not is_json or not length.isdecimal() or int(length) > MOST_BYTES:
            return PlainTextResponse(f"Want JSON of at most {MOST_BYTES} bytes.", 413)
        return None
