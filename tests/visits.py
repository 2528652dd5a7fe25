"""Fixtures of the browser tests: a real server that can go and come back, and a visit to it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from dualis.accounts.demo import PASSWORD
from tests.browser import ROOT, chromium
from tests.process import Site
from tests.servers import free_port, wait_for_port

START_SECONDS = 120.0  # on a busy machine
WAIT = 45_000  # ms; longer than the client's longest back-off
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
EMAIL = "demo@dualis.finance"
_HOSTS = count(1)
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

# Runs before the page's own scripts, in every document.
WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) => {
  window.noteViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""

SETTLED = """
Promise.allSettled(
  document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime < Infinity)
    .map((one) => one.finished),
)
"""


class Server:
    """`manage.py quickstart` on SQLite in a folder of its own; it can go and come back."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.relay_port = free_port()  # where a relay may stand before it (tests/relay.py)
        self.url = f"http://localhost:{self.port}"
        self.relay_url = f"http://localhost:{self.relay_port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "DATA_DIR": str(self._folder),
            "PORT": str(self.port),
            "ALLOWED_ORIGINS": f"{self.url},{self.relay_url}",
            "LOGIN_RATE": "1000/m",
            "TRUSTED_PROXIES": "127.0.0.1/32,::1/128",  # a visit says its address as one would
        }
        other = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
        return {name: value for name, value in os.environ.items() if name not in other} | own

    def call(self, function: str) -> None:
        """Run a function, "module:name", in a process of its own beside the server."""
        module, name = function.split(":")
        code = f"import django; django.setup(); import {module}; {module}.{name}()"
        settings = {"DJANGO_SETTINGS_MODULE": "dualis.settings"}
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=self.environment | settings, check=True
        )

    def start(self) -> None:
        if not (self._folder / "dualis.sqlite3").exists():
            Site(self._folder, DATABASE_URL="", REDIS_URL="").seed()
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "quickstart"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        wait_for_port(self.port, START_SECONDS)

    def stop(self) -> None:
        """Ask it to go (SIGTERM), and wait until it has."""
        if self._process is not None:
            process, self._process = self._process, None
            process.terminate()
            try:
                process.wait(timeout=20)
            finally:
                process.kill()
                process.wait()


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Run a market of its own: for who stops the server, since an outage gives its grace to all."""
    server = Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The market that all visits share; it is not to be stopped."""
    with running(tmp_path_factory.mktemp("market")) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run a browser for one module: while its driver runs, Django takes the thread for async."""
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

    def sign_in(self, password: str = PASSWORD, *, to: str = "/", email: str = EMAIL) -> None:
        self.page.goto(f"/login?next={to}")
        self.page.get_by_label("E-mail").fill(email)
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

    def complaints(self) -> list[str]:
        """Return what axe finds wrong with the page, in both themes, as short lines."""
        found: list[str] = []
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            # What shines as the theme changes does so in the other theme's color to its end.
            self.page.evaluate(SETTLED)
            self.page.evaluate(AXE.read_text())  # not as a script tag, which the policy refuses
            result = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
            for one in result["violations"]:
                targets = [" ".join(node["target"]) for node in one["nodes"]]
                found.append(f"{scheme}: {one['id']}: {targets[:5]}")
        return found

    def fits(self) -> bool:
        """Tell whether nothing is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@contextmanager
def visiting(server: Server, browser: Browser, url: str | None = None) -> Iterator[Visit]:
    """Open a browser of its own, at `url` where one is given; nothing may go wrong in it."""
    address = {"X-Forwarded-For": f"2001:db8::{next(_HOSTS):x}"}  # no visit spends another's rate
    context = browser.new_context(
        base_url=url or server.url, viewport=DESKTOP, locale="en-US", extra_http_headers=address
    )
    visit = Visit(context.new_page())
    yield visit
    context.close()
    assert visit.violations == []
    assert visit.errors == []


@pytest.fixture
def visit(server: Server, browser: Browser) -> Iterator[Visit]:
    with visiting(server, browser) as visit:
        yield visit


@pytest.fixture
def second(server: Server, browser: Browser) -> Iterator[Visit]:
    """Another browser."""
    with visiting(server, browser) as visit:
        yield visit


def send(page: Page, name: str) -> None:
    """Press the button of a dialog once it can be pressed, and wait until the dialog is gone."""
    dialog = page.get_by_role("dialog")
    button = dialog.get_by_role("button", name=name, exact=True)
    expect(button).to_be_enabled(timeout=WAIT)
    button.click()
    try:
        expect(dialog).to_have_count(0, timeout=WAIT)
    except AssertionError as failed:
        failed.add_note(dialog.inner_text())  # why it is still open
        raise
