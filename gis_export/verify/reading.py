"""Turn the error of a reader that refuses a product into a finding."""

import csv
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import pyarrow as pa
from pyogrio.errors import DataLayerError, DataSourceError

from gis_export.verify.finding import EXPORT_AGAIN, Finding

_BROKEN = (
    DataSourceError,
    DataLayerError,
    pa.ArrowException,
    OSError,
    UnicodeError,
    csv.Error,
    BadZipFile,
    zlib.error,
    ParseError,
    ValueError,
    KeyError,
)


class Unreadable(Exception):
    """A product that its reader refuses; holds the finding."""

    def __init__(self, finding: Finding) -> None:
        """Keep the finding."""
        super().__init__(str(finding))
        self.finding = finding


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a reader raises into `Unreadable`; its warnings are left to the checks."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except _BROKEN as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        finding = Finding(
            path=path,
            what="cannot be read",
            got=reason,
            want="a complete file",
            remedy=EXPORT_AGAIN,
        )
        raise Unreadable(finding) from error
