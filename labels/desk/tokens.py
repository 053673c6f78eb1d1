"""Who may open the desk: one token for all, or a file with a token for each person."""

import re
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from imagery.errors import InputError
from labels.desk.answers import person
from labels.desk.said import BadAnswer, read_name

TOKEN_BYTES = 24
"""Of a token that is made here."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,200}")
_WANTED = "want a token of 32 or more letters and digits (openssl rand -hex 24), a blank, a name"


@dataclass(frozen=True, kw_only=True)
class Token:
    """What lets somebody in."""

    text: str = field(repr=False)
    """What the address has to carry."""
    who: str = ""
    """Whose it is, under whose name their looks are kept; "" for anybody under any name."""


def make_token() -> Token:
    """Return a token that nobody guesses."""
    return Token(text=secrets.token_urlsafe(TOKEN_BYTES))


def find_token(tokens: Iterable[Token], given: str) -> Token | None:
    """Return the token that was given, None where it is none of these.

    All of them are compared, in the same time whatever was given.
    """
    fits = [
        token for token in tokens if secrets.compare_digest(given.encode(), token.text.encode())
    ]
    return fits[0] if fits else None


def read_tokens(path: Path) -> tuple[Token, ...]:
    """Read a file with a line `TOKEN NAME` for each person; no token is ever quoted.

    Raises:
        InputError: it cannot be read, others may read it, a line is none, or a token or a person
            appears twice.
    """
    label = f"desk --tokens {path}"
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"{label}: cannot be read: {reason}") from error
    if mode & stat.S_IROTH:
        raise InputError(f"{label}: everybody on this machine may read it; chmod o-rwx it")

    tokens = []
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            tokens.append(_read_line(line, f"{label}, line {number}"))
    if not tokens:
        raise InputError(f"{label}: nobody is in it; {_WANTED}")
    for what, found in (
        ("a token", {token.text for token in tokens}),
        ("a person", {person(token.who) for token in tokens}),
    ):
        if len(found) < len(tokens):
            raise InputError(f"{label}: {what} appears twice; keep one line for each person")
    return tuple(tokens)


def _read_line(line: str, label: str) -> Token:
    text, _, name = line.strip().partition(" ")
    if not _TOKEN.fullmatch(text):
        raise InputError(f"{label}: {_WANTED}")
    try:
        return Token(text=text, who=read_name({"who": name}))
    except BadAnswer as error:
        raise InputError(f"{label}: {error}; {_WANTED}") from error
