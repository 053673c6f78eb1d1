"""Evidence packets: the page is accessible and asks no host, and the PDF says the same.

What was not scored shows no score.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import CHROMIUM
from export_cases import FLOWN, make_inputs, make_ledger, make_roll, whole_looks
from paper_cases import flat, odd_roll, overlaps, page_texts, page_words
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from gis_export.housing.packets.evidence import write_packets
from gis_export.housing.packets.sources import PacketSources
from gis_export.table.inputs import LOOK_COLUMNS, ExportInputs, Year
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings, VisitSettings
from imagery.chips.store import ChipStore
from imagery.errors import InputError, MissingInput
from imagery.flyover.tiles import Tile
from inference.hazard import USE_LIMIT, HazardWord

PARCEL = "0216 001"
ASKING = {"src", "srcset", "poster", "action", "data", "background"}
"""Attributes that make a browser ask for a file."""


def make_chips(folder: Path) -> ChipStore:
    """Write one chip."""
    folder.mkdir()
    pixels = np.full((3, 40, 90), 120, np.uint8)
    mask = np.zeros((40, 90), np.uint8)
    mask[10:30, 10:80] = 1
    (folder / "shard_00000.bin").write_bytes(pixels.tobytes() + mask.tobytes())
    place = {
        "parcel_id": PARCEL,
        "status": "chip",
        "shard": 0,
        "offset": 0,
        "height": 40,
        "width": 90,
        "tiles": "old.tif",
    }
    return ChipStore(folder=folder, manifest=pd.DataFrame([place]), rows={PARCEL: 0})


def tiles_of(*paths: str) -> Callable[[], tuple[Tile, ...]]:
    """Return what lists some tiles."""
    return lambda: tuple(Tile(path=path) for path in paths)


def rich_inputs(folder: Path) -> ExportInputs:
    """Return a roof that is scored now, was not assessed the year before, and was seen twice.

    Before that it was never scored.
    """
    roll = odd_roll(6)
    (folder / "a.tif").write_bytes(b"tile of this year")
    (folder / "old.tif").write_bytes(b"tile of an old year")

    crew = "J. <i>Dœ</i> & crew"
    rows = [
        (PARCEL, 2024, "", "311 caller", "no open roof found", "N", 0.0, False),
        (PARCEL, 2026, "2026-05-02", crew, "25% of the roof open", "Y", 25.0, False),
        ("0217 001", 2026, "", "x", "other", "", np.nan, False),
    ]
    looks = whole_looks(pd.DataFrame(rows, columns=list(LOOK_COLUMNS[:8])))

    chips = make_chips(folder / "chips")
    earlier = (
        Year(
            year=2025,
            flown=date(2025, 3, 1),
            ledger=make_ledger(roll, ("NOT ASSESSED",), year=2025),
            chips=None,
            tiles=tiles_of("/vsis3/bucket/a.tif?key=hidden"),
        ),
        Year(
            year=2024, flown=None, ledger=None, chips=chips, tiles=tiles_of(str(folder / "old.tif"))
        ),
    )
    return replace(
        make_inputs(roll),
        chips=chips,
        earlier=earlier,
        looks=looks,
        models={"demo-roof/3": "f" * 64},
        tiles=tiles_of(str(folder / "a.tif")),
    )


def write(
    inputs: ExportInputs,
    folder: Path,
    parcel: str = PARCEL,
    *,
    viewer: str = "",
    pictures: Path | None = None,
) -> tuple[Path, Path]:
    """Write the packet of a parcel and return its page and its PDF."""
    settings = ExportSettings(visits=VisitSettings(viewer=viewer))
    sources = PacketSources(
        rows=build_rows(inputs, settings), inputs=inputs, settings=settings, pictures=pictures
    )
    page, paper = write_packets(sources, folder / "evidence", parcels=(parcel,))
    return page, paper


class Reader(HTMLParser):
    """What a page says, cell by cell, and what it asks for."""

    def __init__(self) -> None:
        """Begin without texts."""
        super().__init__()
        self.texts: list[str] = []
        self.asks: list[str] = []
        self.tags: set[str] = set()
        self.skip = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the name of the tag and what it asks for."""
        self.tags.add(tag)
        self.skip = tag in ("style", "title")
        self.asks += [value or "" for name, value in attrs if name in ASKING]

    def handle_endtag(self, tag: str) -> None:
        """End a part without text."""
        self.skip = False

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if data.strip() and not self.skip:
            self.texts.append(data.strip())


def read_page(path: Path) -> Reader:
    """Return what a page says."""
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """Return a page of a browser, or skip the test."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1280, "height": 800})
        browser.close()


BROKEN_WORDS = """() => {
  const broken = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest("a, code, svg")) continue;
    for (const found of node.textContent.matchAll(/[A-Za-z0-9]+/g)) {
      const range = document.createRange();
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      if (range.getClientRects().length > 1) broken.push(found[0]);
    }
  }
  return broken;
}"""
"""Words that a line end runs through, but for links and checksums."""


def test_the_page_is_accessible_and_asks_no_other_place(page: Page, tmp_path: Path) -> None:
    inputs = rich_inputs(tmp_path)
    (tmp_path / "explain").mkdir()
    Image.new("RGB", (1000, 700), (90, 60, 30)).save(tmp_path / "explain" / "0216_001.webp")
    html, _ = write(
        inputs, tmp_path, viewer="https://maps.example/{parcel_id}", pictures=tmp_path / "explain"
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(html.as_uri())

    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []

    all_loaded = "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
    assert page.evaluate(all_loaded)
    assert page.locator("img").count() == 3

    for width in (390, 1280):  # nothing sticks out sideways, on a telephone or a desk
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(BROKEN_WORDS) == []

    reader = read_page(html)
    assert not reader.tags & {"script", "iframe", "link", "object", "form"}
    assert all(ask.startswith("data:image/webp;base64,") for ask in reader.asks)


def test_page_and_pdf_say_the_same(tmp_path: Path) -> None:
    html, pdf = write(rich_inputs(tmp_path), tmp_path, viewer="https://maps.example/{parcel_id}")
    paper = flat("".join(page_texts(pdf)))
    for text in read_page(html).texts:
        for piece in re.split(r": |(?<=packet), ", text):
            assert flat(piece).lower().lstrip(",") in paper.lower(), piece
    for words in page_words(pdf):
        assert overlaps(words) == []
        assert all(word.left >= 20 and word.right <= 612 - 20 for word in words)
    assert all(USE_LIMIT in text for text in page_texts(pdf))


def test_what_it_says_of_each_year(tmp_path: Path) -> None:
    html, _ = write(rich_inputs(tmp_path), tmp_path)
    texts = read_page(html).texts
    said = " | ".join(texts)
    assert "2026 | 2026-03-09 | 0.75 (0.38 to 0.75) | demo-roof/3" in said
    assert "2025 | 2025-03-01 | not scored | none | outside imagery" in said
    assert "2024 | day not known | not scored | none | this year was never scored" in said
    assert f"demo-roof/3 | {'f' * 64}" in said
    assert "run-1" in said
    assert "Nobody has looked" not in said

    first_look = "2024, day not recorded | 311 caller | no open roof found"
    second_look = "2026-05-02 | J. <i>Dœ</i> & crew | 25% of the roof open"
    assert f"{first_look} | {second_look}" in said

    assert f"2026 | a.tif | {hashlib.sha256(b'tile of this year').hexdigest()}" in said
    assert f"2024 | old.tif | {hashlib.sha256(b'tile of an old year').hexdigest()}" in said
    assert "2025 | a.tif | kept on another machine; no checksum" in said
    assert "hidden" not in said


def test_one_hazard_word_a_building(tmp_path: Path) -> None:
    """Years before have other words; the page and the PDF show the word of today alone."""
    html, pdf = write(rich_inputs(tmp_path), tmp_path)
    texts = [" ".join(read_page(html).texts), " ".join(page_texts(pdf))]
    for text in texts:
        words = set(re.findall("|".join(word.value for word in HazardWord), text))
        assert words == {"LIKELY"}


def test_its_points_add_up_to_the_priority(tmp_path: Path) -> None:
    inputs = rich_inputs(tmp_path)
    html, _ = write(inputs, tmp_path)
    said = " | ".join(read_page(html).texts)

    rows = build_rows(inputs, ExportSettings())
    row = rows[rows["PARCEL_ID"] == PARCEL].iloc[0]
    reasons = [reason.rsplit(" ", 1) for reason in str(row["WHY"]).split("; ")]
    assert " | ".join(f"{reason} | {points}" for reason, points in reasons) in said
    assert sum(int(points) for _, points in reasons) == row["PRIORITY"]
    assert f"Priority | {row['PRIORITY']}" in said


def test_what_was_not_scored_never_shows_a_score(tmp_path: Path) -> None:
    roll = make_roll(4)
    old_photo = make_ledger(roll, ("NOT SEEN IN PHOTO",), flown=date(2024, 1, 1))
    unscored = make_ledger(roll, ("NOT ASSESSED",))
    calm_words = re.compile(r"\b(safe|low|lower|clear|sound|intact)\b", re.IGNORECASE)

    for name, ledger in (("old", old_photo), ("unscored", unscored)):
        html, pdf = write(make_inputs(roll, ledger), tmp_path / name)
        for text in ("".join(read_page(html).texts), "".join(page_texts(pdf))):
            assert "NOT ASSESSED" in text
            assert "not scored" in text
            assert "NOT SEEN" not in text
            assert not re.search(r"0\.0\d|\b[01]\.\d\d \(", text)
            assert "demo-roof" not in text
            assert not calm_words.search(text.replace(USE_LIMIT, ""))


def test_files_that_are_gone_are_said_to_be(tmp_path: Path) -> None:
    def gone() -> tuple[Tile, ...]:
        raise MissingInput("flyover 2026: no image there")

    inputs = make_inputs(make_roll(2))
    cases = {
        "the file is missing; no checksum": tiles_of(str(tmp_path / "a.tif")),
        "no longer among the files of the flyover; no checksum": gone,
    }

    for text, tiles in cases.items():
        html, pdf = write(replace(inputs, tiles=tiles), tmp_path)
        texts = read_page(html).texts
        assert text in texts
        assert flat(text) in flat("".join(page_texts(pdf)))
        assert "not on record" in texts
        assert "Nobody has looked, as far as the city's records show." in texts


def test_an_unknown_parcel_is_one_clear_line(tmp_path: Path) -> None:
    message = (
        "^evidence: parcel '0216001' is not on the vacant roll of 2026; "
        "write it as PARCEL_ID spells it, blanks kept$"
    )
    with pytest.raises(InputError, match=message):
        write(make_inputs(make_roll(2)), tmp_path, "0216001")


def test_the_first_packets_by_priority(tmp_path: Path) -> None:
    inputs = make_inputs(make_roll(8))
    settings = ExportSettings(visits=VisitSettings(packets=3))
    rows = build_rows(inputs, settings)
    order = rows.sort_values(["PRIORITY", "RANK", "PARCEL_ID"], ascending=[False, True, True])
    wanted = []
    for parcel in order["PARCEL_ID"].head(3):
        stem = parcel.replace(" ", "_")
        wanted += [f"{stem}.html", f"{stem}.pdf"]

    paths = write_packets(PacketSources(rows=rows, inputs=inputs, settings=settings), tmp_path)
    assert [path.name for path in paths] == wanted

    none = PacketSources(rows=rows.iloc[:0], inputs=inputs, settings=settings)
    assert write_packets(none, tmp_path) == []


def test_packets_of_some_parcels_or_none_when_one_is_unknown(tmp_path: Path) -> None:
    roll = make_roll(4)
    roll.table["parcel_id"] = ["AB 1", "ab 1", "CON", "4074C009"]
    inputs = make_inputs(roll)
    settings = ExportSettings()
    sources = PacketSources(rows=build_rows(inputs, settings), inputs=inputs, settings=settings)

    with pytest.raises(InputError, match="parcel 'nowhere'"):
        write_packets(sources, tmp_path / "none", parcels=("4074C009", "nowhere"))
    assert not (tmp_path / "none").exists()

    parcels = ("ab 1", "AB 1", "CON", "4074C009", "ab 1")
    paths = write_packets(sources, tmp_path / "all", parcels=parcels)
    assert len(paths) == 8
    assert len({path.name.casefold() for path in paths}) == 8
    assert all(path.exists() for path in paths)
    assert [path.name for path in paths[-2:]] == ["4074C009.html", "4074C009.pdf"]
    assert paths[4].stem.startswith("CON-")
    assert "ab 1" in read_page(paths[0]).texts
    assert "AB 1" in read_page(paths[2]).texts

    alone = write_packets(sources, tmp_path / "one", parcels=("ab 1",))
    assert [path.name for path in alone] == [path.name for path in paths[:2]]
    assert [path.read_bytes() for path in alone] == [path.read_bytes() for path in paths[:2]]


def test_the_same_inputs_give_the_same_bytes_and_a_missing_place_is_no_trouble(
    tmp_path: Path,
) -> None:
    inputs = rich_inputs(tmp_path)
    first = write(inputs, tmp_path / "a", "0221 001")
    second = write(inputs, tmp_path / "b", "0221 001")

    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_flight_date(tmp_path: Path) -> None:
    html, _ = write(make_inputs(make_roll(1)), tmp_path)
    assert f", flown {FLOWN.isoformat()}" in read_page(html).texts
