"""Passwords and signatures in addresses, which no error, answer or check report shows."""

import re

_HIDDEN = "***"
_PASSWORD = re.compile(r"(://[^:/@\s]*):(?!\d{1,5}/)[^\s\"'<>]*@")
"""Between user and host; it may hold "@" and "/". What looks like a port is none."""
_VALUE = re.compile(
    r"([?&;][\w.-]*(?:password|sig|signature|token|secret|credential|key)[\w.-]*=)[^&:\s'\"<>]+",
    re.IGNORECASE,
)
"""A part of a query, as in signed addresses of object stores."""
_FIRST = re.compile(r"(?<![\w-])(password=)[^&\s]*")


def mask(text: str) -> str:
    """Return an address, or a text with some, without passwords and signatures."""
    masked = _PASSWORD.sub(rf"\1:{_HIDDEN}@", text)
    return _FIRST.sub(rf"\1{_HIDDEN}", _VALUE.sub(rf"\1{_HIDDEN}", masked))
