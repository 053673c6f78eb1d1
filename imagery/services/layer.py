"""What a layer of a service is, whatever the service speaks, and its rows once all are here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
from pyproj import CRS

from imagery.services.client import Json
from imagery.services.pages import KeptPages
from imagery.shapes import Shapes

Tell = Callable[[int], None]
"""Told how many rows are here."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRows:
    """The rows of a layer."""

    table: pa.Table
    """Its columns, without the geometry."""
    shapes: Shapes | None
    """Geometry of each row or None, (n,), in `crs`; None for a table without geometry."""
    crs: CRS | None
    """CRS of the shapes."""
    notes: tuple[str, ...] = ()
    """What was noticed."""

    @property
    def count(self) -> int:
        """Return how many rows there are."""
        return int(self.table.num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(self.table.column_names)


class Layer(Protocol):
    """A layer that a service has described."""

    @property
    def count(self) -> int | None:
        """Return how many rows the service says it has; None where it does not say."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of its columns; none where the service does not say."""

    @property
    def about(self) -> Json:
        """Return what tells this state of the layer from another."""

    def fetch(self, pages: KeptPages, tell: Tell) -> None:
        """Fetch every page that is not here yet.

        Raises:
            InputError: the service failed, or pages do not add up to the whole.
        """

    def read(self, pages: KeptPages) -> LayerRows:
        """Return the rows of all pages.

        Raises:
            InputError: they cannot be read.
        """
