"""The decode units that one task holds in memory."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from imagery.chips.scene import Piece
from imagery.chips.tasks import BYTES_PER_PIXEL, CutJob, PieceId, Read, Unit, units_of
from imagery.flyover.decode import decode_unit, read_unit
from imagery.flyover.guard import READ_ERRORS
from imagery.flyover.pixels import DATA, UNREADABLE, Pixels
from imagery.limits import refuse_no_handles

SPARE_ARRAYS = 8
"""Arrays of dropped units that are kept to be written over."""
UNREADABLE_PIXEL = (0, 0, 0, UNREADABLE)
"""RGBX of a unit that cannot be decoded."""


class Units:
    """The units in memory: decoded when first wanted, dropped when no longer wanted."""

    def __init__(self, job: CutJob) -> None:
        """Count how often every unit will be wanted."""
        self.job = job
        self.decoded = 0
        self.live: dict[Unit, Piece] = {}
        self.spare: list[Pixels] = []
        self.wanted: Counter[Unit] = Counter()
        for read in job.reads:
            if read.piece is None:
                self.wanted.update(self._under(read))

    def first(self, read: Read) -> Unit:
        """Return where a read begins."""
        return self._under(read)[0]

    def piece(self, read: Read) -> Piece:
        """Return the pixels of a read; they hold until it is released."""
        if read.piece is not None:
            return self._read_stored(read, read.piece)

        under = self._under(read)
        if len(under) > 1:
            return self._join(read, under)

        unit = self._decode(under[0])
        top, left = self._corner(under[0])
        box = read.in_tile
        rows = slice(box.row_start - top, box.row_stop - top)
        columns = slice(box.column_start - left, box.column_stop - left)
        return Piece(pixels=unit.pixels[rows, columns], whole=unit.whole)

    def release(self, reads: Iterable[Read]) -> None:
        """Let go of the units under some reads that have been used."""
        for read in reads:
            if read.piece is None:
                for unit in self._under(read):
                    self._release_unit(unit)

    def _release_unit(self, unit: Unit) -> None:
        """Drop a unit that nobody wants any more."""
        self.wanted[unit] -= 1
        if not self.wanted[unit]:
            dropped = self.live.pop(unit)
            self.spare = [*self.spare[1 - SPARE_ARRAYS :], dropped.pixels]

    def _under(self, read: Read) -> list[Unit]:
        """Return the units under a read."""
        return units_of(read, self.job.task.tiles[read.tile], self.job.decoder)

    def _corner(self, unit: Unit) -> tuple[int, int]:
        """Return row and column of a unit's upper left pixel in its tile."""
        height, width = decode_unit(self.job.task.tiles[unit.tile], self.job.decoder)
        return unit.row * height, unit.column * width

    def _join(self, read: Read, under: list[Unit]) -> Piece:
        """Copy the parts of several units side by side."""
        box = read.in_tile
        pixels = np.empty((box.height, box.width, 4), np.uint8)
        whole = True

        for unit in under:
            part = self._decode(unit)
            top, left = self._corner(unit)
            part_height, part_width = part.pixels.shape[:2]

            row_start = max(box.row_start, top)
            row_stop = min(box.row_stop, top + part_height)
            column_start = max(box.column_start, left)
            column_stop = min(box.column_stop, left + part_width)

            source_rows = slice(row_start - top, row_stop - top)
            source_columns = slice(column_start - left, column_stop - left)
            target_rows = slice(row_start - box.row_start, row_stop - box.row_start)
            target_columns = slice(column_start - box.column_start, column_stop - box.column_start)

            pixels[target_rows, target_columns] = part.pixels[source_rows, source_columns]
            whole = whole and part.whole
        return Piece(pixels=pixels, whole=whole)

    def _decode(self, unit: Unit) -> Piece:
        """Return a unit, decoded now if it is not in memory."""
        if unit not in self.live:
            self.decoded += 1
            self.live[unit] = self._read(unit)
        return self.live[unit]

    def _read(self, unit: Unit) -> Piece:
        """Decode a unit, over a spare array if there is one."""
        tile = self.job.task.tiles[unit.tile]
        spare = self.spare.pop() if self.spare else None
        try:
            pixels, whole = read_unit(
                tile,
                (unit.row, unit.column),
                decoder=self.job.decoder,
                white=self.job.white,
                out=spare,
            )
        except READ_ERRORS as error:
            refuse_no_handles(error)
            top, left = self._corner(unit)
            unit_height, unit_width = decode_unit(tile, self.job.decoder)
            height = min(unit_height, tile.height - top)
            width = min(unit_width, tile.width - left)
            pixels = np.full((height, width, 4), UNREADABLE_PIXEL, np.uint8)
            whole = False
        return Piece(pixels=pixels, whole=whole)

    def _read_stored(self, read: Read, piece: PieceId) -> Piece:
        """Map a piece that another task left."""
        pixels = np.memmap(
            self.job.take[piece.task],
            dtype=np.uint8,
            mode="r",
            offset=self.job.offsets[piece],
            shape=(read.in_tile.height, read.in_tile.width, BYTES_PER_PIXEL),
        )
        is_whole = bool(pixels[..., 3].min() == DATA)
        return Piece(pixels=np.asarray(pixels), whole=is_whole)
