"""Chips side by side, as notebooks show them."""

import numpy as np
import pytest

from imagery.chips.sheet import draw_sheet
from imagery.chips.store import StoredChip


def make_chip(value: int) -> StoredChip:
    """Return a chip of 6 x 8 pixels in one gray, with an outline around its middle."""
    mask = np.zeros((6, 8), bool)
    mask[2:4, 2:6] = True
    return StoredChip(pixels=np.full((3, 6, 8), value, np.uint8), mask=mask)


def test_every_chip_under_its_title() -> None:
    figure = draw_sheet([make_chip(50), None, make_chip(90)], ["one", "two", "three"], across=2)
    first, second, third, empty = figure.axes
    assert [place.get_title() for place in figure.axes] == ["one", "two", "three", ""]

    for place, value in ((first, 50), (third, 90)):
        picture = np.asarray(place.images[0].get_array())
        assert picture[2, 2].tolist() == [value] * 3
        assert picture[1, 2].tolist() == [0] * 3  # the outline lies outside the roof
        assert picture[0, 2].tolist() == [255] * 3
    assert not second.images
    assert second.texts[0].get_text() == "no photo"
    assert not empty.images


def test_nothing_to_show() -> None:
    assert [len(place.images) for place in draw_sheet([], []).axes] == [0] * 6


def test_titles_must_fit() -> None:
    with pytest.raises(ValueError, match="1 chips and 2 titles"):
        draw_sheet([make_chip(50)], ["one", "two"])
