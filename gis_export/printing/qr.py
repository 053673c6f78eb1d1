"""QR codes on paper."""

from functools import lru_cache

import numpy as np
import segno
from fpdf import FPDF

from gis_export.printing.text import INK

_QUIET_ZONE = 4
"""White modules around the code, as the standard wants."""
_OVERLAP = 1.04
"""Height of a module's rectangle in modules: no hairline shows between rows."""


def draw_qr(pdf: FPDF, text: str, left_mm: float, top_mm: float, side_mm: float) -> None:
    """Draw a QR code as rectangles, with its white border within `side_mm`."""
    rows = _modules(text)
    module_mm = side_mm / len(rows)

    pdf.set_fill_color(255)
    pdf.rect(left_mm, top_mm, side_mm, side_mm, style="F")

    pdf.set_fill_color(INK)
    for number, row in enumerate(rows):
        y_mm = top_mm + number * module_mm
        for start, stop in _black_runs(row):
            x_mm = left_mm + start * module_mm
            width_mm = (stop - start) * module_mm
            pdf.rect(x_mm, y_mm, width_mm, module_mm * _OVERLAP, style="F")


@lru_cache(maxsize=1024)
def _modules(text: str) -> tuple[bytes, ...]:
    """Return the rows of a code, 1 for black; a parcel's is on its route sheet and packet."""
    code = segno.make(text, error="m", micro=False)
    return tuple(bytes(row) for row in code.matrix_iter(border=_QUIET_ZONE))


def _black_runs(row: bytes) -> list[tuple[int, int]]:
    """Return first and last but one module of each run of black modules in a row."""
    is_black = np.frombuffer(row, np.uint8) > 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_black, [0]]))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))
