"""The dashboard in a real browser against a real server: what only the two together show."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.visits import EMAIL, PHONE, WAIT, Server, Visit, running, visiting

pytestmark = pytest.mark.browser


def test_prices_move_and_move_again_after_the_server_was_away(
    browser: Browser, tmp_path: Path
) -> None:
    with running(tmp_path) as server, visiting(server, browser) as visit:
        _see_it_go_and_come_back(visit, server)


def _see_it_go_and_come_back(visit: Visit, server: Server) -> None:
    page = visit.page
    visit.sign_in(to="/oracle")
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
    visit.sign_in(to="/oracle")
    visit.until_live()
    response = visit.page.request.get("/v1/oracle/prices")
    told = {row["asset"]: row for row in response.json()["data"]}
    rows = visit.page.locator("tr[data-asset]")
    expect(rows).to_have_count(len(told), timeout=WAIT)
    for symbol, price in told.items():
        row = visit.page.locator(f'tr[data-asset="{symbol}"]')
        expect(row.get_by_role("rowheader")).to_contain_text(symbol)
        expect(row.locator(".prices__price")).to_have_text(re.compile(r"^\$[\d,]+\.\d{2,8}$"))
        expect(row.locator(".prices__change")).to_have_text(re.compile(r"\d\.\d\d%$"))
        expect(row.get_by_role("img")).to_have_attribute(
            "aria-label", re.compile("last 24 hours: from"), timeout=WAIT
        )
        expect(row.locator(".spark canvas")).to_be_visible()
        expect(row.get_by_text("Simulated")).to_be_visible()
        if not (price["stale"] or price["circuitBreaker"]):  # such a price is not published
            age = re.compile(r"^(now|\d+ s ago)$")
            expect(row.locator("time")).to_have_text(age, timeout=WAIT)


def test_the_page_fits_a_narrow_screen(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)
    visit.sign_in(to="/oracle")
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
    visit.sign_in(to="/oracle")
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
    visit.sign_in(to="/oracle")
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
    visit.sign_in(to="/oracle")
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
    visit.sign_in(to="/oracle")
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
