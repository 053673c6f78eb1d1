"""The desk in a browser, for tests: pages that keep their complaints, keys, WCAG 2.2."""

from axe_playwright_python.sync_playwright import Axe
from desk_cases import Served
from playwright.sync_api import Browser, Page

SIZES = ((1280, 800), (768, 1024))
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
TARGETS = """() => {
  const names = "button, a, input:not([type=checkbox])";
  const visible = [...document.querySelectorAll(names)].filter((node) => node.offsetParent);
  return visible.map((node) => {
    const box = node.getBoundingClientRect();
    return [node.textContent, box.width, box.height];
  });
}"""


def new_page(browser: Browser, complaints: list[str], size: tuple[int, int]) -> Page:
    """Return an empty page of a person of their own, which keeps its complaints."""

    def keep_foreign(url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:", "file:")):
            complaints.append(url)

    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: keep_foreign(request.url))
    return page


def enter(page: Page, served: Served, who: str) -> None:
    """Give a name and wait for the first roof, or for the end."""
    page.goto(served.address)
    page.fill("#who", who)
    page.keyboard.press("Enter")
    page.wait_for_selector("#work:not([hidden]), #end:not([hidden])")


def press(page: Page, key: str) -> None:
    """Press a key, and wait until the desk has answered."""
    page.keyboard.press(key)
    page.wait_for_selector("body:not([aria-busy])")


def check_page(page: Page, state: str) -> None:
    """Check WCAG 2.2 A and AA, the width, and what can be touched."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state
    found = Axe().run(page, options=RULES).response
    faults = [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]]
    assert faults == [], state
    boxes = page.evaluate(TARGETS)
    small = [(text, width, height) for text, width, height in boxes if min(width, height) < 44]
    assert small == [], state
