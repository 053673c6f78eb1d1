"""What the desk shows of a roof: photos of two years, the outline, address and links."""

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np

from imagery.chips.store import StoredChip

QUALITY = 92
"""Of WebP, 0 to 100."""


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A chip as a page shows it."""

    webp: bytes
    """The photo."""
    width_px: int
    """Columns."""
    height_px: int
    """Rows."""
    outline: str
    """Edge of the parcel as a path of SVG, in pixels of the photo."""

    @property
    def version(self) -> str:
        """Return a short checksum."""
        return hashlib.sha256(self.webp).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class DeskRoof:
    """One roof at the desk."""

    parcel_id: str
    """Id as on the roll."""
    address: str
    """Address, "" where it is not known."""
    oblique: str
    """Link to oblique photos, "" for none."""
    photo: str
    """sha256 of this year's chip."""
    now: Photo
    """This year."""
    before: Photo | None
    """The flyover before; None where it shows nothing of the parcel."""
    score: float | None
    """Score when the roof was drawn; None where it was not scored."""
    word: str = ""
    """Hazard word of the photo, "" where it was not scored."""
    called: bool | None = None
    """Whether the model says that it fails; None where it leaves that open."""


def make_photo(chip: StoredChip) -> Photo:
    """Return a chip as a page shows it, in its own pixels.

    Raises:
        ValueError: it cannot be encoded.
    """
    pixels = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0)[:, :, ::-1])  # (H, W, 3), BGR
    is_done, encoded = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    if not is_done:
        raise ValueError(f"a chip of {pixels.shape} cannot be written as WebP")

    height, width = chip.mask.shape
    return Photo(
        webp=encoded.tobytes(), width_px=width, height_px=height, outline=outline_path(chip)
    )


def outline_path(chip: StoredChip) -> str:
    """Return the edge of the mask as a path of SVG.

    It is traced at twice the size, so that a part one pixel wide has two edges.
    """
    doubled = chip.mask.astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    edges, _ = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parts = []
    for edge in edges:
        corners = (edge[:, 0, :] + 0.5) / 2
        points = [f"{column:g} {row:g}" for column, row in corners.tolist()]
        parts.append(f"M{' L'.join(points)}Z")
    return "".join(parts)
