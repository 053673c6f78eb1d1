"""The fire map at 15,000 vacants in headless Chromium, without a graphics card: `python -m benchmarks.fire_map`.

Load is from navigation to the first usable map: symbols drawn, search answering. A frame is the time between two of the
browser's own animation frames while the mouse drags or the wheel turns. Seconds are of the wall, so a busy machine tells:
its load stands beside them, and the processor time of the page's main thread, which it changes less.
"""

import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.fire_city import fire_city
from benchmarks.table import Row, show
from gis_export.fire.map.folder import write_fire_map
from gis_export.table.rows import build_rows
from gis_export.table.settings import ExportSettings

OUT = Path("out/bench/fire_map")
CHROMIUM = "/usr/bin/chromium"
VACANTS = 15_000
LOADS = 7
TYPED = "1208 west pena street"
RECORD = """() => {
  window.frames_ms = [];
  let last = performance.now();
  const tick = () => { const now = performance.now(); frames_ms.push(now - last); last = now; window.recording = requestAnimationFrame(tick); };
  window.recording = requestAnimationFrame(tick);
}"""
KEY = """text => new Promise((done) => {
  const input = document.getElementById("search");
  input.focus();
  input.value = text;
  const start = performance.now();
  input.dispatchEvent(new Event("input"));
  document.getElementById("found-panel").getBoundingClientRect();
  done(performance.now() - start);
})"""


def main() -> None:
    """Write the folder, measure, and print a table; `--again` measures the folder that is there."""
    written = [] if "--again" in sys.argv else _write()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        rows = [*written, *_load(browser), *_search(browser), *_frames(browser), *_size()]
        browser.close()
    show(rows, "fire_map")


def _write() -> list[Row]:
    shutil.rmtree(OUT, ignore_errors=True)
    inputs, settings = fire_city(OUT.with_name("fire_chips"), vacants=VACANTS), ExportSettings()
    rows = build_rows(inputs, settings)
    start = time.monotonic()
    write_fire_map(rows, OUT, inputs, settings)
    return [
        _row(
            "write the folder, wall s, nearly all of it the photos of roofs",
            "",
            time.monotonic() - start,
        )
    ]


def _open(browser: Browser) -> tuple[Page, CDPSession]:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto((OUT / "index.html").absolute().as_uri())
    while not page.evaluate("performance.getEntriesByName('usable').length"):
        page.wait_for_timeout(50)
    return page, session


def _load(browser: Browser) -> list[Row]:
    seconds, cpu = [], []
    for _ in range(LOADS):
        page, session = _open(browser)
        seconds.append(
            float(page.evaluate("performance.getEntriesByName('usable')[0].startTime")) / 1000
        )
        cpu.append(_cpu_s(session))
        page.context.close()
    return [
        _row(
            f"load, {VACANTS:,} vacants, wall s (load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)",
            "<= 2",
            statistics.median(seconds),
        ),
        _row("   best of them", "", min(seconds)),
        _row("   processor s of the main thread", "", statistics.median(cpu)),
    ]


def _cpu_s(session: CDPSession) -> float:
    return next(
        float(metric["value"])
        for metric in session.send("Performance.getMetrics")["metrics"]
        if metric["name"] == "ThreadTime"
    )


def _search(browser: Browser) -> list[Row]:
    page, _ = _open(browser)
    keys = [
        float(page.evaluate(KEY, TYPED[:end])) for _ in range(3) for end in range(1, len(TYPED) + 1)
    ]
    page.context.close()
    return [
        _row("search, ms a key, median", "<= 100", statistics.median(keys)),
        _row("   slowest key", "<= 100", max(keys)),
    ]


def _frames(browser: Browser) -> list[Row]:
    page, session = _open(browser)
    rows: list[Row] = []
    for scale, act in (("city", None), ("street", _go_to_a_roof), ("neighborhood", _zoom_out)):
        if act:
            act(page)
        in_view = page.evaluate("Ground.inView().length")
        rows += _measure(
            page, f"{scale} scale, {in_view:,} roofs in view: dragging", lambda: _drag(page)
        )
        rows += _measure(page, f"{scale} scale: zooming with the wheel", lambda: _wheel(page))
        before = _cpu_s(session)
        page.evaluate("() => { for (let i = 0; i < 20; i++) Ground.show(Roofs.ranked); }")
        rows.append(
            _row(
                f"   {scale} scale: processor ms to paint all in view anew",
                "",
                (_cpu_s(session) - before) * 1000 / 20,
            )
        )
    page.context.close()
    return rows


def _go_to_a_roof(page: Page) -> None:
    page.fill("#search", TYPED.split()[-2])
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.wait_for_timeout(500)


def _zoom_out(page: Page) -> None:
    for _ in range(4):
        page.click("#zoom-out")
        page.wait_for_timeout(400)


def _measure(page: Page, what: str, act: Callable[[], None]) -> list[Row]:
    page.evaluate(RECORD)
    act()
    frames = sorted(
        page.evaluate(
            "() => { cancelAnimationFrame(window.recording); return frames_ms.slice(1); }"
        )
    )
    return [
        _row(f"{what}, ms a frame, median of {len(frames)}", "<= 33", statistics.median(frames)),
        _row("   95 of 100 frames are within", "<= 50", frames[int(0.95 * len(frames))]),
    ]


def _drag(page: Page) -> None:
    """Drag far enough to leave what was painted, and back."""
    page.mouse.move(1100, 600)
    page.mouse.down()
    for step in (*range(80), *range(80, 0, -1)):
        page.mouse.move(1100 - 7 * step, 600 - 5 * step)
    page.mouse.up()


def _wheel(page: Page) -> None:
    for turn in (-120, -120, 120, 120):
        page.mouse.wheel(0, turn)
        page.wait_for_timeout(500)


def _size() -> list[Row]:
    sizes = {path: path.stat().st_size for path in OUT.rglob("*") if path.is_file()}
    photos = sum(size for path, size in sizes.items() if path.suffix == ".webp")
    return [
        _row(
            f"folder, MB in {len(sizes):,} files (no flyover, so no tiles of ground)",
            "",
            sum(sizes.values()) / 1e6,
        ),
        _row("   of them photos of roofs, WebP", "", photos / 1e6),
        _row("   data.js", "", sizes[OUT / "data.js"] / 1e6),
    ]


def _row(what: str, want: str, got: float) -> Row:
    return Row(what=what, want=want, got=got)


if __name__ == "__main__":
    main()
