"""Trading and the explorer as a person uses them, in a real browser against a real server."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect

from tests.visits import DESKTOP, WAIT, Server, Visit, send

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 360, "height": 740}
TRADER = "trader@dualis.finance"


@pytest.fixture
def desk(visit: Visit) -> Page:
    """The trading page of somebody with a margin account, on ETH."""
    visit.sign_in(to="/trading", email=TRADER)
    visit.until_live()
    page = visit.page
    expect(page.locator("[data-trade]")).to_have_attribute("data-ledger", "live", timeout=WAIT)
    page.get_by_role("group", name="Market").get_by_role("button", name="ETH").click()
    expect(page.locator("[data-mark]")).to_have_text(re.compile(r"^\$\d"), timeout=WAIT)
    expect(page.locator("[data-account=available]")).to_have_text(re.compile(r"\$"), timeout=WAIT)
    return page


def field(page: Page, name: str) -> Locator:
    return page.locator(f"[data-ticket] [name={name}]")


def kind(page: Page, name: str) -> None:
    page.get_by_role("group", name="Kind of order").get_by_role("button", name=name).click()


def tab(page: Page, name: str) -> Locator:
    page.get_by_role("tab", name=name).click()
    return page.get_by_role("tabpanel")


def mark(page: Page) -> float:
    return float(page.locator("[data-mark]").inner_text().replace("$", "").replace(",", ""))


def test_a_limit_order_is_placed_shown_and_cancelled(desk: Page) -> None:
    price = str(round(mark(desk) * 0.97))
    kind(desk, "Limit")
    field(desk, "price").fill(price)
    field(desk, "size").fill("0.013")
    expect(desk.locator("[data-out=margin]")).to_have_text(re.compile(r"^\$\d"))
    desk.get_by_role("button", name="Buy ETH").click()
    expect(desk.get_by_text("The order is in the book.")).to_be_visible(timeout=WAIT)
    orders = tab(desk, "Open orders")
    row = orders.locator("tr[data-key]").filter(has_text="0.013 / 0.013")
    expect(row).to_have_count(1, timeout=WAIT)
    expect(row).to_contain_text("Buy")
    expect(row).to_contain_text("Gtc")
    row.get_by_role("button", name=re.compile("^Cancel buy ETH")).click()
    expect(desk.get_by_text("The order is cancelled.")).to_be_visible(timeout=WAIT)
    expect(row).to_have_count(0)
    desk.reload()
    expect(desk.locator("[data-trade]")).to_have_attribute("data-ledger", "live", timeout=WAIT)
    expect(
        tab(desk, "Open orders").locator("tr[data-key]").filter(has_text="0.013 / ")
    ).to_have_count(0)


def test_an_open_order_is_changed_in_place(desk: Page) -> None:
    here = round(mark(desk) * 0.97)
    kind(desk, "Limit")
    field(desk, "price").fill(str(here))
    field(desk, "size").fill("0.021")
    desk.get_by_role("button", name="Buy ETH").click()
    orders = tab(desk, "Open orders")
    row = orders.locator("tr[data-key]").filter(has_text="0.021 / 0.021")
    row.get_by_role("button", name=re.compile("^Change buy ETH")).click(timeout=WAIT)
    dialog = desk.get_by_role("dialog")
    dialog.get_by_label("Total size, ETH").fill("0.00001")
    expect(dialog.get_by_role("button", name="Change order")).to_be_disabled()
    dialog.get_by_label("Total size, ETH").fill("0.022")
    dialog.get_by_label("Limit price, USD").fill(str(here - 1))
    send(desk, "Change order")
    changed = orders.locator("tr[data-key]").filter(has_text="0.022 / 0.022")
    expect(changed).to_contain_text(f"{here - 1:,}.00", timeout=WAIT)
    expect(row).to_have_count(0, timeout=WAIT)
    changed.get_by_role("button", name=re.compile("^Cancel buy ETH")).click()
    expect(changed).to_have_count(0, timeout=WAIT)


def test_a_twap_order_runs_its_slices_and_is_called_off(visit: Visit, desk: Page) -> None:
    kind(desk, "TWAP")
    expect(field(desk, "price")).to_be_hidden()
    field(desk, "size").fill("0.31")
    field(desk, "minutes").fill("0")
    expect(desk.get_by_text("Whole minutes, 1 to 1440.")).to_be_visible()
    expect(desk.get_by_role("button", name="Buy ETH")).to_be_disabled()
    field(desk, "minutes").fill("2")
    desk.get_by_role("button", name="Buy ETH").click()
    expect(desk.get_by_text("The TWAP order has started.")).to_be_visible(timeout=WAIT)
    row = tab(desk, "TWAP").locator("tr[data-key]").filter(has_text="/ 0.31")
    expect(row).to_contain_text("Running", timeout=WAIT)
    expect(row.locator(".table__slices")).to_have_text(re.compile("^[1-5] / 5"), timeout=WAIT)
    row.get_by_role("button", name=re.compile("^Fills of TWAP buy 0.31 ETH")).click()
    slices = desk.get_by_role("dialog").get_by_role("table", name="Fills of the slices")
    expect(slices.locator("tr[data-key]").first).to_contain_text("$", timeout=WAIT)
    assert visit.complaints() == []
    send(desk, "Done")
    row.get_by_role("button", name=re.compile("^Cancel of TWAP")).click()
    send(desk, "Cancel order")
    expect(row).to_contain_text("Cancelled", timeout=WAIT)
    desk.reload()
    expect(desk.locator("[data-trade]")).to_have_attribute("data-ledger", "live", timeout=WAIT)
    tab(desk, "TWAP")
    expect(row).to_contain_text("Cancelled", timeout=WAIT)


def test_a_market_order_opens_a_position_that_is_closed(desk: Page) -> None:
    field(desk, "size").fill("0.017")
    desk.get_by_role("button", name="Buy ETH").click()
    expect(desk.get_by_text(re.compile(r"^Traded 0\.017 ETH at"))).to_be_visible(timeout=WAIT)
    row = tab(desk, "Positions").locator('tr[data-key="ETH"]')
    expect(row).to_contain_text("Long", timeout=WAIT)
    fills = tab(desk, "Fills")
    expect(fills.locator("tr[data-key]").filter(has_text="0.017").first).to_be_visible(timeout=WAIT)
    tab(desk, "Positions")
    row.get_by_role("button", name="Close ETH").click()
    dialog = desk.get_by_role("dialog")
    expect(dialog).to_contain_text("reduce-only")
    dialog.get_by_role("button", name="Close position").click()
    expect(dialog).to_have_count(0, timeout=WAIT)
    expect(row).to_have_count(0, timeout=WAIT)


def test_the_ticket_refuses_what_the_server_would_and_says_what_it_did(desk: Page) -> None:
    best = desk.locator("tbody[data-side=bids] .book__price").first
    expect(best).to_have_text(re.compile(r"\d"), timeout=WAIT)
    best.click()
    expect(field(desk, "price")).to_have_value(re.compile(r"^\d"))
    expect(desk.locator(".book__spread")).to_contain_text("Spread")

    buy = desk.get_by_role("button", name="Buy ETH")
    field(desk, "size").fill("0.01")
    field(desk, "price").fill(str(round(mark(desk) * 0.8)))
    expect(desk.get_by_text("At most 5 % from the mark.")).to_be_visible()
    expect(buy).to_be_disabled()
    field(desk, "size").fill("0.00001")
    expect(desk.get_by_text("ETH has at most 4 decimals.")).to_be_visible()
    kind(desk, "Stop")
    expect(field(desk, "trigger")).to_be_visible()
    expect(field(desk, "price")).to_be_hidden()

    kind(desk, "Market")
    field(desk, "size").fill("5000")
    buy.click()
    said = re.compile("margin", re.IGNORECASE)
    expect(desk.locator("[data-ticket]").get_by_role("alert")).to_have_text(said, timeout=WAIT)


def test_leverage_is_told_by_the_stream_and_the_page_is_accessible(
    visit: Visit, desk: Page
) -> None:
    shown = desk.locator("button[data-leverage]")
    wanted = "4" if "4×" not in shown.inner_text() else "6"
    shown.click()
    slider = desk.get_by_role("slider")
    slider.fill(wanted)
    desk.get_by_role("button", name="Set leverage").click()
    expect(shown).to_have_text(f"Leverage {wanted}×", timeout=WAIT)

    desk.get_by_role("button", name="1m", exact=True).click()
    desk.get_by_text("Data as a table").click()
    table = desk.get_by_role("region", name=re.compile("candles of 1m"))
    expect(table.locator("tbody tr").first).to_contain_text("$", timeout=WAIT)
    assert visit.complaints() == []
    desk.set_viewport_size(PHONE)
    assert visit.fits()


@pytest.fixture
def second(server: Server, browser: Browser) -> Iterator[Page]:
    """The same account in another browser."""
    context = browser.new_context(base_url=server.url, viewport=DESKTOP, locale="en-US")
    yield context.new_page()
    context.close()


def test_an_order_whose_answer_is_lost_is_placed_once_and_seen_elsewhere(
    desk: Page, second: Page
) -> None:
    Visit(second).sign_in(to="/trading", email=TRADER)
    expect(second.locator("[data-trade]")).to_have_attribute("data-ledger", "live", timeout=WAIT)
    there = tab(second, "Open orders").locator("tr[data-key]").filter(has_text="0.019 / 0.019")
    kind(desk, "Limit")
    field(desk, "price").fill(str(round(mark(desk) * 1.03)))
    field(desk, "size").fill("0.019")
    lost: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.url)
        route.fetch()  # the server does it
        route.abort()

    desk.route("**/exchange", lose_the_first_answer)
    desk.get_by_role("button", name="Sell ETH").click()
    expect(desk.get_by_text("The order was taken before.")).to_be_visible(timeout=WAIT)
    expect(there).to_have_count(1, timeout=WAIT)
    there.get_by_role("button", name=re.compile("^Cancel sell")).click()
    here = tab(desk, "Open orders").locator("tr[data-key]").filter(has_text="0.019 / 0.019")
    expect(here).to_have_count(0, timeout=WAIT)


def test_without_a_margin_account_the_page_says_what_to_do(visit: Visit) -> None:
    visit.sign_in(to="/trading", email="supplier@dualis.finance")
    expect(visit.page.get_by_text("You have no margin account yet.")).to_be_visible(timeout=WAIT)
    expect(visit.page.locator("tbody[data-side=asks] .book__price").last).to_have_text(
        re.compile(r"\d"), timeout=WAIT
    )


def test_the_explorer_is_open_to_all_and_moves(visit: Visit) -> None:
    page = visit.page
    page.goto("/explorer")
    expect(page.locator("[data-explorer]")).to_have_attribute("data-ledger", "live", timeout=WAIT)
    newest = page.locator("[data-blocks] tr[data-key]").first
    expect(newest).to_be_visible(timeout=WAIT)
    before = newest.get_attribute("data-key")
    expect(newest).not_to_have_attribute("data-key", before or "", timeout=WAIT)
    expect(page.locator("[data-transactions] tr[data-key]").first).to_be_visible(timeout=WAIT)
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()


def test_a_block_leads_to_a_transaction_and_that_to_an_address(visit: Visit) -> None:
    page = visit.page
    page.goto("/explorer")
    box = page.get_by_role("searchbox", name="Find a block")
    box.fill("nonsense")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("This is no block number, hash or address.")).to_be_visible()
    box.fill("2")
    page.get_by_role("button", name="Find").click()
    found = page.locator("[data-found]")
    expect(found).to_contain_text("Block 2", timeout=WAIT)
    parent = found.get_by_role("link", name=re.compile("^0x[0-9a-f]{64}$")).inner_text()
    found.locator("tr[data-key]").get_by_role("link", name=re.compile("^0x")).first.click()
    expect(page).to_have_url(re.compile(r"\?tx=0x"), timeout=WAIT)
    expect(found).to_contain_text("Place in it", timeout=WAIT)
    box.fill(parent)
    page.get_by_role("button", name="Find").click()
    expect(found).to_contain_text("Block 1", timeout=WAIT)
    box.fill("0x51300000000000000000000000000000000000A1")
    page.get_by_role("button", name="Find").click()
    expect(found).to_contain_text("A margin account", timeout=WAIT)
    page.goto("/explorer?block=999999999")
    expect(found.get_by_role("alert")).to_have_text("Block 999999999 not found", timeout=WAIT)
