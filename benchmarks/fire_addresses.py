"""Every address of a city on the fire map: `python -m benchmarks.fire_addresses`.

15,000 vacants among 240,000 parcels with an address, in headless Chromium, without photos: they
make no difference before a card shows one. A busy machine makes a difference to wall seconds, so
its load is printed, and the CPU seconds of the page's main thread.
"""

import os
import shutil
import statistics
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.fire_city import fire_city
from benchmarks.fire_map import CHROMIUM, OpenMap, open_map
from benchmarks.table import Row, show
from gis_export.fire.map.folder import write_fire_map
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings

OUT = Path("out/bench/fire_addresses")
VACANTS = 15_000
PARCELS = 240_000
TIMES = 5
ACT = """([typed, enters]) => {
  const input = document.getElementById("search");
  Card.hide();
  input.value = "";
  input.dispatchEvent(new Event("input"));
  input.focus();
  const start = performance.now();
  input.value = typed;
  input.dispatchEvent(new Event("input"));
  if (enters) input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  document.getElementById(enters ? "card" : "found-panel").getBoundingClientRect();
  return performance.now() - start;
}"""
OFF_ROLL = """() => {
  const data = window.ROOFWATCH_HOUSES;
  const half = data.row.length / 2;
  const at = data.row.findIndex((row, place) => row < 0 && data.number[place] && place > half);
  return `${data.number[at]} ${data.streets[data.street[at]]}`;
}"""
CORNER = """() => {
  const [a, b] = Houses.meetings[Math.floor(Houses.meetings.length / 2)].streets;
  return [a, b].map((street) => Houses.short(Houses.streetName(street), true)).join(" & ");
}"""


def main() -> None:
    """Write the folder, measure, and print a table."""
    shutil.rmtree(OUT, ignore_errors=True)
    inputs = fire_city(OUT.with_name("fire_chips"), vacants=VACANTS, parcels=PARCELS)
    inputs = replace(inputs, chips=None)
    settings = ExportSettings()
    write_fire_map(build_rows(inputs, settings), OUT, inputs, settings)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        rows = _measure(browser)
        browser.close()
    show([*rows, *_weigh()], "fire_addresses")


def _measure(browser: Browser) -> list[Row]:
    opened = open_map(browser, OUT)
    page = opened.page
    usable_s = page.evaluate("performance.getEntriesByName('usable')[0].startTime") / 1000
    busy = f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    rows = [
        Row(what=f"first symbols, wall s ({busy})", want="<= 2", got=float(usable_s)),
        Row(what="   CPU s of the main thread", got=opened.cpu_s()),
    ]
    house = str(page.evaluate(OFF_ROLL))
    corner = str(page.evaluate(CORNER))
    acts = (
        ("search of an address off the roll", house, False),
        ("its incident view", house, True),
        (f"search of a corner, {corner}", corner, False),
    )
    for what, typed, enters in acts:
        rows += _time(opened, what, typed, enters=enters)
    opened.close()
    return rows


def _time(opened: OpenMap, what: str, typed: str, *, enters: bool) -> list[Row]:
    """Return the seconds of the first time and of the median, and the CPU seconds of the first."""
    page: Page = opened.page
    before_s = opened.cpu_s()
    first_s = page.evaluate(ACT, [typed, enters]) / 1000
    cpu_s = opened.cpu_s() - before_s
    more_s = [page.evaluate(ACT, [typed, enters]) / 1000 for _ in range(TIMES)]
    return [
        Row(what=f"{what}: first time, wall s", want="<= 1", got=float(first_s)),
        Row(what="   the same, CPU s", got=cpu_s),
        Row(what="   again, median, wall s", got=statistics.median(more_s)),
    ]


def _weigh() -> list[Row]:
    sizes = {path.name: path.stat().st_size for path in OUT.iterdir() if path.is_file()}
    return [
        Row(what=f"addresses.js of {PARCELS:,} addresses, MB", got=sizes["addresses.js"] / 1e6),
        Row(what="   data.js, MB", got=sizes["data.js"] / 1e6),
    ]


if __name__ == "__main__":
    main()
