"""The photo of one roof on paper: a chip with the outline of its parcel."""

import io
from dataclasses import dataclass

import numpy as np
from fpdf import FPDF
from PIL import Image

from gis_export.printing.frame import PageBox
from gis_export.printing.sheet import RULE
from gis_export.printing.text import SOFT, TextStyle, put
from imagery.chips.picture import outlined
from imagery.chips.store import ChipStore

_JPEG_QUALITY = 80
_LONGEST_PX = 260


@dataclass(frozen=True, kw_only=True, eq=False)
class Jpeg:
    """A picture as it is put into a document."""

    data: bytes
    """The file."""
    width_px: int
    """Width."""
    height_px: int
    """Height."""


def chip_jpeg(
    chips: ChipStore | None, parcel_id: str, *, longest_px: int = _LONGEST_PX
) -> Jpeg | None:
    """Return a chip with the outline of its parcel, None when there is no chip."""
    chip = chips.read(parcel_id) if chips is not None else None
    if chip is None:
        return None

    image = Image.fromarray(outlined(np.moveaxis(chip.pixels, 0, -1), chip.mask))
    image.thumbnail((longest_px, longest_px))
    return encode_jpeg(image, quality=_JPEG_QUALITY)


def encode_jpeg(image: Image.Image, *, quality: int) -> Jpeg:
    """Encode an image."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, optimize=True)
    return Jpeg(data=stream.getvalue(), width_px=image.width, height_px=image.height)


def draw_chip(pdf: FPDF, jpeg: Jpeg | None, place: PageBox, *, caption: str) -> None:
    """Draw a photo into a box, with a caption below it.

    Args:
        pdf: A document with a page begun.
        jpeg: The photo; without one the box says so.
        place: The box; the photo keeps its proportions in it.
        caption: Text below the box.
    """
    middle_mm = place.left_mm + place.width_mm / 2
    pdf.set_dash_pattern()
    pdf.set_draw_color(RULE)
    pdf.set_line_width(0.2)

    if jpeg is None:
        pdf.rect(place.left_mm, place.top_mm, place.width_mm, place.height_mm)
        at_mm = (middle_mm, place.top_mm + place.height_mm / 2 + 1)
        put(pdf, at_mm, "no picture", TextStyle(size_pt=7.5, gray=SOFT, align="C"))
    else:
        _draw_inside(pdf, jpeg, place)

    style = TextStyle(size_pt=6.8, align="C", max_width_mm=place.width_mm + 1)
    put(pdf, (middle_mm, place.bottom_mm + 2.9), caption, style)


def _draw_inside(pdf: FPDF, jpeg: Jpeg, place: PageBox) -> None:
    """Draw a photo in the middle of a box, as large as fits."""
    mm_per_px = min(place.width_mm / jpeg.width_px, place.height_mm / jpeg.height_px)
    width_mm = jpeg.width_px * mm_per_px
    height_mm = jpeg.height_px * mm_per_px

    pdf.image(
        io.BytesIO(jpeg.data),
        x=place.left_mm + (place.width_mm - width_mm) / 2,
        y=place.top_mm + (place.height_mm - height_mm) / 2,
        w=width_mm,
        h=height_mm,
    )
