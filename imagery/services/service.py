"""A layer of the city that is a service: its address as the city file has it."""

import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

from imagery.errors import ConfigError

SCHEMES = ("http://", "https://")
"""How the address of a service begins."""
SECRETS = ("token", "key", "apikey", "api_key", "access_token", "password", "sig", "signature")
"""Parameters of an address whose values are never written down."""
HERE = ("localhost", "127.0.0.1", "::1")
"""Hosts on this machine."""

_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")


@dataclass(frozen=True, kw_only=True)
class Service:
    """One layer that is a service."""

    section: str
    """Section of the city file: "parcels", "vacant", "footprints" or "labels".

    "" for the layer that `publish --to` names."""
    address: str
    """As it was written; `$NAME` is filled in only when the service is asked."""
    layer: str = ""
    """Name or number of the layer, "" where the address has it."""

    def __post_init__(self) -> None:
        """Check that the address holds no secret.

        Raises:
            ConfigError: it does, would send one unprotected, or has no host.
        """
        where = self.where
        parts = urlsplit(self.address)
        if not parts.hostname:
            raise ConfigError(f"{where}: got {self.shown!r}, want http(s)://HOST/...")
        if parts.username or parts.password:
            raise ConfigError(
                f"{where}: a user or password stands in the address; take it out, and write "
                "?token=$NAME with the token in the environment variable NAME"
            )
        for name, value in self.parameters.items():
            if name.lower() in SECRETS and not _VARIABLE.fullmatch(value):
                raise ConfigError(
                    f"{where}: the {name} itself stands in the address; put it into an "
                    f"environment variable and write {name}=$NAME{self._in_a_shell}"
                )
        is_open = parts.scheme == "http" and parts.hostname not in HERE
        if is_open and _VARIABLE.search(parts.path + parts.query):
            raise ConfigError(
                f"{where}: {self.shown} would send a secret that others can read; "
                "write https:// in place of http://"
            )

    @property
    def where(self) -> str:
        """Return where the address was written."""
        return f"[{self.section}] path" if self.section else "--to"

    @property
    def shown(self) -> str:
        """Return the address as messages name it, without parameters and without a user."""
        return self.address.split("?", 1)[0].split("#", 1)[0].rpartition("@")[2]

    @property
    def identity(self) -> str:
        """Return the address without parameters from the environment, which may change."""
        return self._address_with(lambda pair: "$" not in pair)

    def without(self, names: Collection[str]) -> "Service":
        """Return the service without parameters of these names, in small letters."""
        address = self._address_with(lambda pair: pair.partition("=")[0].lower() not in names)
        return replace(self, address=address)

    def _address_with(self, is_kept: Callable[[str], bool]) -> str:
        """Return the address with some of its parameters, spelled as they were."""
        start, _, query = self.address.partition("?")
        kept = [pair for pair in query.split("&") if pair and is_kept(pair)]
        return "?".join(part for part in (start, "&".join(kept)) if part)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the names of the environment variables in the address."""
        return tuple(name.strip("{}") for name in _VARIABLE.findall(self.address))

    @property
    def parameters(self) -> dict[str, str]:
        """Return the parameters of the address as the city file has them, by name."""
        return dict(parse_qsl(urlsplit(self.address).query))

    @property
    def _in_a_shell(self) -> str:
        return "" if self.section else " in single quotes, so that the shell does not fill it in"

    def filled(self, text: str) -> str:
        """Return a part of the address with every `$NAME` from the environment.

        It may be secret then, and is never written down.

        Raises:
            ConfigError: there is no such variable.
        """
        for name in self.secrets:
            if not os.environ.get(name):
                raise ConfigError(
                    f"{self.where}: no environment variable {name}, which {self.shown} needs; "
                    "set it"
                )
        return os.path.expandvars(text)


def is_service(path: str) -> bool:
    """Tell whether the path of a layer is the address of a service."""
    return path.lower().startswith(SCHEMES)
