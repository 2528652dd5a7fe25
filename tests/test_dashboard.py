"""The dashboard in a real browser against a real server: what only the two together show."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from dualis.accounts.demo import PASSWORD
from tests.browser import ROOT, chromium
from tests.servers import free_port, wait_for_port

pytestmark = pytest.mark.browser

START_SECONDS = 60.0  # migrations and a year of history on a busy machine
WAIT = 45_000  # ms; longer than the client's longest back-off
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
EMAIL = "demo@dualis.finance"

# Runs before the page's own scripts, in every document.
WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) => {
  window.noteViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""


class Server:
    """`manage.py quickstart` on SQLite in a folder of its own; it can go and come back."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        own = {"DATA_DIR": str(self._folder), "PORT": str(self.port), "LOGIN_RATE": "1000/m"}
        other = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
        environment = {name: value for name, value in os.environ.items() if name not in other}
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "quickstart"],
                cwd=ROOT,
                env=environment | own,
                stdout=log,
                stderr=log,
            )
        wait_for_port(self.port, START_SECONDS)

    def stop(self) -> None:
        """Ask it to go (SIGTERM), and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
            self._process = None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("market"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


class Visit:
    """A page with what went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.violations: list[str] = []
        self.errors: list[str] = []
        page.expose_function("noteViolation", lambda text: self.violations.append(text))
        page.add_init_script(WATCH_POLICY)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def sign_in(self, password: str = PASSWORD) -> None:
        self.page.goto("/")
        self.page.get_by_label("E-mail").fill(EMAIL)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def until_live(self) -> None:
        expect(self.page.locator("[data-connection]")).to_have_attribute(
            "data-state", "live", timeout=WAIT
        )

    def until_price_moves(self, symbol: str = "BTC") -> None:
        price = self.page.locator(f'[data-price="{symbol}"]')
        expect(price).to_have_text(re.compile(r"\d"), timeout=WAIT)
        expect(price).not_to_have_text(price.inner_text(), timeout=WAIT)


@pytest.fixture
def visit(server: Server, browser: Browser) -> Iterator[Visit]:
    context = browser.new_context(base_url=server.url, viewport=DESKTOP, locale="en-US")
    visit = Visit(context.new_page())
    yield visit
    context.close()
    assert visit.violations == []
    assert visit.errors == []


def test_prices_move_and_move_again_after_the_server_was_away(visit: Visit, server: Server) -> None:
    page = visit.page
    visit.sign_in()
    visit.until_live()
    visit.until_price_moves()
    visit.until_price_moves()
    page.evaluate("window.isSameDocument = true")

    server.stop()
    connection = page.locator("[data-connection]")
    expect(connection).to_have_attribute("data-state", "reconnecting", timeout=WAIT)
    expect(page.get_by_text("The connection to the server is lost.")).to_be_visible(timeout=WAIT)
    # The age of the data is told apart from the connection, and goes on.
    age = page.locator("[data-freshness]")
    expect(age).to_have_text(re.compile(r"^([5-9]|\d\d+) s ago$"), timeout=WAIT)

    server.start()
    visit.until_live()
    expect(page.get_by_text("The connection to the server is lost.")).to_be_hidden()
    visit.until_price_moves()
    assert page.evaluate("window.isSameDocument") is True


def test_every_asset_has_its_row_with_all_its_parts(visit: Visit) -> None:
    visit.sign_in()
    visit.until_live()
    response = visit.page.request.get("/v1/oracle/prices")
    symbols = [row["asset"] for row in response.json()["data"]]
    rows = visit.page.locator("tr[data-asset]")
    expect(rows).to_have_count(len(symbols), timeout=WAIT)
    for symbol in symbols:
        row = visit.page.locator(f'tr[data-asset="{symbol}"]')
        expect(row.get_by_role("rowheader")).to_contain_text(symbol)
        expect(row.locator(".prices__price")).to_have_text(re.compile(r"^\$[\d,]+\.\d{2,8}$"))
        expect(row.locator(".prices__change")).to_have_text(re.compile(r"\d\.\d\d%$"))
        expect(row.get_by_role("img")).to_have_attribute(
            "aria-label", re.compile("last 24 hours: from"), timeout=WAIT
        )
        expect(row.locator(".spark canvas")).to_be_visible()
        expect(row.get_by_text("Simulated")).to_be_visible()
        expect(row.locator("time")).to_have_text(re.compile(r"^(now|\d+ s ago)$"))


def test_the_page_fits_a_narrow_screen(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)
    visit.sign_in()
    visit.until_price_moves()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    expect(visit.page.locator("[data-connection]")).to_be_in_viewport(ratio=1)
    expect(visit.page.locator("[data-freshness]")).to_be_in_viewport(ratio=1)
    row = visit.page.locator('tr[data-asset="T-BILL-2026"]')
    row.scroll_into_view_if_needed()
    for part in (".asset__symbol", ".prices__value", ".spark", ".source", "time"):
        expect(row.locator(part)).to_be_in_viewport(ratio=1)


def test_the_page_is_usable_by_keyboard(visit: Visit) -> None:
    page = visit.page
    visit.sign_in()
    visit.until_live()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    by_price = page.get_by_role("columnheader", name="Price")
    by_price.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(by_price).to_have_attribute("aria-sort", "descending")
    expect(page.locator("tr[data-asset]").first).to_contain_text("BTC")
    menu = page.locator("details[data-menu]")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


def test_the_chosen_theme_holds_after_a_reload(visit: Visit) -> None:
    page = visit.page
    visit.sign_in()
    visit.until_live()
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)
    page.locator("details[data-menu] summary").click()
    page.get_by_role("radio", name="Dark").check()
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == dark


def test_nothing_moves_where_motion_is_unwanted(visit: Visit) -> None:
    visit.page.emulate_media(reduced_motion="reduce")
    visit.sign_in()
    visit.until_live()
    visit.until_price_moves()
    assert visit.page.evaluate("document.getAnimations().length") == 0


def test_a_wrong_password_is_refused_in_words(visit: Visit) -> None:
    visit.sign_in("Wrong1234!")
    expect(visit.page.get_by_role("alert")).to_be_visible()
    expect(visit.page).to_have_url(re.compile("/login"))
    expect(visit.page.get_by_label("E-mail")).to_have_value(EMAIL)


def test_signing_out_elsewhere_stops_the_page_for_good(visit: Visit) -> None:
    page = visit.page
    sockets: list[bool] = []
    page.on("websocket", lambda socket: sockets.append(True))
    visit.sign_in()
    visit.until_live()
    other = page.context.new_page()
    other.goto("/")
    other.locator("details[data-menu] summary").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(re.compile("/login"))

    expect(page.locator("[data-connection]")).to_have_attribute(
        "data-state", "signed-out", timeout=WAIT
    )
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    assert len(sockets) == 1
    page.evaluate("window.dispatchEvent(new Event('online'))")  # what would wake a waiting client
    expect(page.locator("[data-connection]")).to_have_attribute("data-state", "signed-out")
    assert len(sockets) == 1
    page.get_by_role("link", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/login\?next="))


def test_inline_code_is_refused_and_noticed(visit: Visit) -> None:
    visit.page.goto("/login")
    visit.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        " { textContent: 'window.isHacked = true' }))"
    )
    assert visit.page.evaluate("window.isHacked") is None
    assert len(visit.violations) == 1
    visit.violations.clear()
