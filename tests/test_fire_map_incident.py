"""Incident view: what is next door to an address, on the roll or not, against answers by hand."""

import dataclasses
import itertools
from pathlib import Path

import pytest
import shapely
from axe_playwright_python.sync_playwright import Axe
from incident_town import ANSWERS, CORNERS, OCCUPANCY, ON_ROLL, make_lots
from playwright.sync_api import Browser, Page
from test_fire_map import make_inputs, write_map

from gis_export.table.settings import DispatchSettings, ExportSettings


def state_of(address: str) -> str:
    """Return what is said of an address."""
    for vacant, word in ON_ROLL.items():
        if vacant.upper() == address:
            return f"vacant, {word}"

    street = address.split()[2]
    if address in OCCUPANCY:
        return OCCUPANCY[address]
    if street != "OLIVER":
        return OCCUPANCY[street]
    return OCCUPANCY["odd OLIVER" if int(address.split()[0]) % 2 else "even OLIVER"]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the map of the town."""
    folder = tmp_path_factory.mktemp("town")
    inputs = make_inputs(folder)
    lots = make_lots()
    vacant = lots.set_index("address").loc[list(ON_ROLL)]
    table = inputs.roll.table.assign(
        parcel_id=vacant["parcel_id"].to_numpy(), address=list(ON_ROLL)
    ).set_geometry(vacant.geometry.to_numpy(), crs=lots.crs)
    ledger = inputs.ledger.table.assign(parcel_id=table["parcel_id"])
    inputs = dataclasses.replace(
        inputs,
        roll=dataclasses.replace(inputs.roll, table=table, lots=lots),
        ledger=dataclasses.replace(inputs.ledger, table=ledger),
    )

    listed = folder / "addresses.csv"
    listed.write_text("address,alias\n2815 E OLIVER ST,\n2803 E OLIVER ST,2803 OLIVER\n")
    settings = ExportSettings(dispatch=DispatchSettings(addresses=listed, alias="alias"))
    return write_map(inputs, folder / "fire_map", settings)


@pytest.fixture(scope="module")
def page(browser: Browser, town: Path) -> Page:
    """Return the page of the map."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.set_default_timeout(10_000)
    page.clock.set_fixed_time("2026-11-24T12:00:00")
    page.goto((town / "index.html").as_uri())
    return page


def next_door(page: Page, typed: str) -> list[str]:
    """Type an address, open the answer and return the lines of what is next door."""
    page.fill("#search", typed)
    page.keyboard.press("Enter")
    lines = page.locator(".incident > p, .incident li")
    return [" ".join(line.inner_text().split()) for line in lines.all()]


def expected_sides(said: str, street: str) -> list[str]:
    """Return the lines of the sides of one row of the table."""
    sentences = {
        "not known": "Sides A to D not known: the parcels do not tell which side faces the street.",
        "no list": "This number is in no list. The nearest numbers:",
        "dispatch": "In dispatch's list alone: no parcel, no place on the map.",
    }
    if said in sentences:
        return [sentences[said]]

    lines = []
    for side in said.split(", "):
        letter, compass, *who = side.split()
        if letter == "A":
            lines.append(f"A {compass} faces {street}")
        elif who == ["none"]:
            lines.append(f"{letter} {compass} no parcel within 150 ft")
        elif who[0] == "nameless":
            unknown = OCCUPANCY["BIDDLE"]
            lines.append(f"{letter} {compass} parcel without an address {unknown}, 13 ft away")
        else:
            address = " ".join(who[:4])
            away = "adjoins" if who[4] == "0" else f"{who[4]} ft away"
            lines.append(f"{letter} {compass} {address} {state_of(address)}, {away}")
    return lines


def expected_numbers(said: str, street: str) -> list[str]:
    """Return the lines of the nearest numbers of one row of the table."""
    words = {"1": "next door", "across": "across", "even": "even side", "odd": "odd side"}
    lines = []
    for pair in said.split():
        number, doors = pair.split("=")
        address = f"{number} {street} ST"
        lines.append(f"{words.get(doors, f'{doors} doors')} {address} {state_of(address)}")
    return lines


def test_thirty_addresses_on_the_roll_and_off_it(page: Page) -> None:
    lines = [line.strip() for line in ANSWERS.strip().splitlines()]
    assert len(lines) > 3 * 30
    for typed, sides, numbers in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        street = next(name for name in CORNERS if name.split()[1] in typed.upper())
        want = [CORNERS[street], *expected_sides(sides, street), *expected_numbers(numbers, street)]
        said = [line.upper() for line in next_door(page, typed)]
        assert said == [line.upper() for line in want], typed


def test_address_off_the_roll_is_never_called_safe(page: Page) -> None:
    next_door(page, "2807 E OLIVER ST")
    card = page.locator("#card").inner_text()
    assert "NOT ON THE ROLL" in card
    assert "does not mean safe" in card
    assert "LOW" not in card.upper().split()


def test_neighbor_opens_its_own_card(page: Page) -> None:
    next_door(page, "2807 E OLIVER ST")
    page.click(".incident .sides button >> nth=0")
    assert page.locator("#card .hazard h2").inner_text() == "LIKELY"
    page.click(".incident .sides button >> nth=2")
    assert page.locator("#card .address").inner_text() == "2807 E OLIVER ST"


def test_other_street_of_that_number_is_no_answer(page: Page) -> None:
    page.fill("#search", "2807 E NOSUCH ST")
    assert page.locator("#found li").count() == 0
    assert "does not mean safe" in page.locator("#found-told").inner_text()


def test_blocks_are_named_on_the_map(page: Page) -> None:
    labels = {label["text"]: label for label in page.evaluate("Houses.labels")}
    assert set(labels) == {name.split(".")[0] for name in CORNERS.values()}

    # OLIVER runs midway between the lots, 8 m from each; the map begins 60 m around the vacants.
    oliver = labels["2800 BLK E OLIVER"]
    place = page.evaluate("Roofs.all.find((roof) => roof.ADDRESS.startsWith('2803')).place")
    assert oliver["y"] - place["y"] == pytest.approx(18, abs=1)
    assert oliver["x"] - place["x"] == pytest.approx(9, abs=1)
    assert abs(oliver["angle"]) <= 1
    assert abs(labels["300 BLK N ASH"]["angle"]) >= 89


@pytest.mark.parametrize(
    "typed",
    [
        "OLIVER & ASH",
        "OLIVER AND ASH",
        "ash & oliver",
        "E OLIVER ST / ASH ST",
        "East Oliver Street at North Ash Street",
    ],
)
def test_a_corner_is_found_with_or_without_types_and_directions(page: Page, typed: str) -> None:
    """ASH runs 16 m east of its lots, OLIVER midway between its own: they meet at (-12, 0)."""
    page.fill("#search", typed)
    assert page.locator("#found li >> nth=0").inner_text().split("\n")[0] == page.evaluate(
        "Corners.find(document.getElementById('search').value).corners[0].title"
    )
    page.keyboard.press("Enter")

    card = page.locator("#card")
    title = card.locator(".address").inner_text()
    assert set(title.split(" & ")) == {"E OLIVER ST", "N ASH ST"}
    assert "302 N Ash St\nvacant, NOT ASSESSED" in card.inner_text()
    assert "2801 E OLIVER ST\noccupied" in card.inner_text()
    corner = page.evaluate(f"Corners.find({typed!r}).corners[0].place")
    place = page.evaluate("Roofs.all.find((roof) => roof.ADDRESS.startsWith('2803')).place")
    assert corner["x"] - place["x"] == pytest.approx(-21, abs=1)
    assert corner["y"] - place["y"] == pytest.approx(18, abs=1)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "OLIVER & PARK",
            "Only E OLIVER ST has addresses here, none is known on PARK: corner not known.",
        ),
        ("ELM / PARK", "No address is known on ELM or on PARK: corner not known."),
        ("OLIVER & BIDDLE", "No corner of E OLIVER ST and E BIDDLE ST is known."),
    ],
)
def test_a_corner_that_is_not_known_says_so(page: Page, typed: str, said: str) -> None:
    page.fill("#search", typed)
    assert page.locator("#found-told").inner_text() == said
    assert page.locator("#found li").count() == 0


def test_corners_that_share_a_name_are_both_named(page: Page) -> None:
    """Enter chooses none of them; half a number is no corner."""
    page.evaluate("Card.hide()")
    assert page.evaluate("Corners.find('2803 1/2 E OLIVER ST')") is None
    found = page.evaluate("Corners.find('E ST & N ASH').corners.map((one) => one.title)")
    assert {frozenset(title.split(" & ")) for title in found} == {
        frozenset({"E OLIVER ST", "N ASH ST"}),
        frozenset({"E BIDDLE ST", "N ASH ST"}),
    }

    page.fill("#search", "E ST & N ASH")
    assert page.locator("#found-told").inner_text() == "2 corners answer to that: choose one"
    page.keyboard.press("Enter")
    assert page.locator("#card").is_hidden()
    page.keyboard.press("Enter")
    assert page.locator("#card .hazard h2").inner_text() == "CORNER"


BOXES = """([labels, scale]) => {
  const context = document.createElement("canvas").getContext("2d");
  const kept = Streets.apart(context, labels, scale);
  return kept.map((label) => [label.text, Streets.box(context, label, scale)]);
}"""
LABELS = [
    {"text": "2800 BLK E OLIVER", "x": 100, "y": 100, "angle": 0},
    {"text": "2800 BLK US 40", "x": 104, "y": 101, "angle": 2},  # one pavement, two names
    {"text": "300 BLK N ASH", "x": 100, "y": 160, "angle": 90},
    {"text": "300 BLK N LONG NAME OF A SAINT", "x": 130, "y": 130, "angle": 45},
    {"text": "2900 BLK E OLIVER", "x": 200, "y": 100, "angle": 0},
]


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.25, 2.0, 4.0, 8.0, 32.0])
def test_street_names_never_overlap_and_the_first_stays(page: Page, scale: float) -> None:
    kept = page.evaluate(BOXES, [LABELS, scale])
    boxes = [shapely.Polygon(corners) for _, corners in kept]
    for one, other in itertools.combinations(boxes, 2):
        assert one.intersection(other).area < 1e-6

    names = [text for text, _ in kept]
    assert names[0] == LABELS[0]["text"]
    assert page.evaluate(BOXES, [LABELS, scale]) == kept

    # What was left out had no room beside what was written.
    for label in LABELS:
        if label["text"] not in names:
            alone = shapely.Polygon(page.evaluate(BOXES, [[label], scale])[0][1])
            assert any(alone.intersects(box) for box in boxes)
    assert (LABELS[1]["text"] in names) == (scale == 32.0)


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_axe_finds_no_fault_in_the_incident_view(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    next_door(page, "2807 E OLIVER ST")
    found = Axe().run(page, options={"preload": False}).response
    faults = [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]]
    assert faults == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
