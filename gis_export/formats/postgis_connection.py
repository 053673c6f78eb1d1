"""A connection to a PostgreSQL database, and what it says turned into one line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from imagery.errors import InputError

if TYPE_CHECKING:
    from psycopg import Connection

    Database: TypeAlias = Connection[tuple[object, ...]]

_TIMEOUT_S = "15"
_WANTED = "postgresql://USER@HOST:PORT/DATABASE"
# A password with one of these characters in it would be read as a host, and end in a message.
_ADDRESS = re.compile(r"postgres(ql)?://([^@/?#]*@)?[^@]*")


@contextmanager
def connected(url: str) -> "Iterator[Database]":
    """Yield a connection whose transaction is committed at the end.

    Args:
        url: The database, postgresql://USER:PASSWORD@HOST:PORT/DATABASE.

    Raises:
        InputError: psycopg is not installed, the address cannot be read, or the database cannot
            be reached or refuses a statement. Nothing was changed then.
    """
    parts = _parts(url)
    connection = _connect(url, parts)
    import psycopg

    user = connection.info.user
    try:
        with connection:
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise InputError(
            f"{_place(parts)}: {_message(error, parts)}; ask its administrator to grant this to "
            f"user {user}; nothing was changed"
        ) from error
    except psycopg.Error as error:
        raise InputError(
            f"{_place(parts)}: {_message(error, parts)}; nothing was changed"
        ) from error


def _parts(url: str) -> dict[str, str]:
    """Return the parts of an address.

    An address that cannot be read is not quoted, since it may hold a password.
    """
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise InputError(
            "publishing needs psycopg, which is not installed; "
            "install roofwatch with its extra: pip install 'roofwatch[postgres]'"
        ) from error

    refusal = InputError(
        f"the address of the database cannot be read, want {_WANTED} "
        "(or https://HOST/.../FeatureServer/N for a feature layer); "
        "write @ : / ? # % of a password as %40 %3A %2F %3F %23 %25"
    )
    if not _ADDRESS.fullmatch(url):
        raise refusal

    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError:
        raise refusal from None
    return {name: str(value) for name, value in parts.items() if value is not None}


def _connect(url: str, parts: dict[str, str]) -> "Database":
    import psycopg

    timeout_s = parts.get("connect_timeout", _TIMEOUT_S)
    try:
        return psycopg.connect(url, connect_timeout=timeout_s, application_name="roofwatch")
    except psycopg.Error as error:
        raise InputError(
            f"cannot connect to {_place(parts)}: {_message(error, parts)}; "
            "check host, port, database, user and password"
        ) from error


def _place(parts: dict[str, str]) -> str:
    """Return host and database in words."""
    host = parts.get("host") or "this machine"
    database = parts.get("dbname") or parts.get("user") or ""
    return f"{host}, database {database}"


def _message(error: Exception, parts: dict[str, str]) -> str:
    """Return the first line of what a database says, without the password."""
    text = str(error).strip() or type(error).__name__
    line = text.splitlines()[0]

    password = parts.get("password")
    return line.replace(password, "***") if password else line
