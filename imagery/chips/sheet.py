"""Chips side by side, for people: a figure of matplotlib."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from imagery.chips.picture import outlined
from imagery.chips.store import StoredChip

WIDTH_IN = 2.3
HEIGHT_IN = 2.1
"""Of one chip with its title, inches."""


def draw_sheet(
    chips: Sequence[StoredChip | None], titles: Sequence[str], *, across: int = 6
) -> Figure:
    """Draw chips with the outline of their parcels, in rows.

    Args:
        chips: In reading order; None leaves a place that says "no photo".
        titles: One for each chip.
        across: Chips in a row.

    Raises:
        ValueError: there is not one title for each chip.
    """
    if len(titles) != len(chips):
        raise ValueError(f"{len(chips)} chips and {len(titles)} titles; want one for each")

    down = max(1, math.ceil(len(chips) / across))
    figure = Figure(figsize=(WIDTH_IN * across, HEIGHT_IN * down), layout="constrained")
    places = list(figure.subplots(down, across, squeeze=False).flat)
    for place in places:
        place.axis("off")

    for place, chip, title in zip(places, chips, titles, strict=False):
        place.set_title(title, fontsize=9)
        if chip is None:
            place.text(0.5, 0.5, "no photo", ha="center", va="center")
        else:
            place.imshow(outlined(np.moveaxis(chip.pixels, 0, -1), chip.mask))
    return figure
