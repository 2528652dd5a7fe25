"""The pages of the markets: read by anybody, sorted, followed live; supply and withdraw."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.visits import PHONE, WAIT, Visit, send

pytestmark = pytest.mark.browser


def rows(page: Page) -> list[str]:
    """Return the assets of the table of markets, in the order shown."""
    shown = page.locator(".markets tbody tr[data-key]:visible .asset__symbol")
    return [text.split()[0] for text in shown.all_inner_texts()]


def until_shown(page: Page) -> None:
    expect(page.locator(".markets tbody tr[data-key]").first).to_be_visible(timeout=WAIT)


def test_a_visitor_reads_the_markets_and_one_of_them(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    expect(page).to_have_url(re.compile("/markets$"))
    until_shown(page)
    expect(page.get_by_text("Public view")).to_be_visible()
    expect(page.get_by_role("button", name="Supply USDC")).to_have_count(0)
    expect(page.locator("[data-freshness]")).to_have_text(re.compile(r"now|\d s ago"))
    page.get_by_role("link", name="ETH Ether", exact=False).first.click()
    expect(page.get_by_text("Sign in to supply ETH")).to_be_visible()
    expect(page.locator('[data-price="ETH"]')).to_have_text(re.compile(r"\$[\d,.]+"), timeout=WAIT)
    expect(page.get_by_text("Liquidation threshold")).to_be_visible(timeout=WAIT)


def test_the_markets_are_sorted_filtered_and_exported(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/markets")
    until_shown(page)
    price = page.get_by_role("columnheader", name="Price")
    price.get_by_role("button").click()
    expect(price).to_have_attribute("aria-sort", "descending")
    assert rows(page)[0] == "wBTC"
    price.get_by_role("button").click()
    expect(price).to_have_attribute("aria-sort", "ascending")
    assert rows(page)[0] == "CC"
    page.get_by_label("Filter: All markets").fill("treasury")
    assert rows(page) == ["T-BILL-2026"]
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    table = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [row["Asset"] for row in table] == ["T-BILL-2026"]
    assert float(table[0]["Utilization"]) < 1


def test_a_frozen_market_says_why_and_until_when(visit: Visit) -> None:
    page = visit.page
    at = (datetime.now(UTC) + timedelta(seconds=50)).isoformat()
    halted = {"circuitBreaker": True, "tripReason": "jump", "releasesAt": at}

    def halt(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        rows = body["data"]["assets"] if "/status" in route.request.url else body["data"]
        next(row for row in rows if row["asset"] == "ETH").update(halted)
        route.fulfill(response=answer, json=body)

    page.route(re.compile(r"/v1/oracle/(prices\?|prices$|status)"), halt)
    page.goto("/markets/ETH")
    told = page.locator("[data-frozen-why]")
    expect(told).to_contain_text("left the range of the last minute", timeout=WAIT)
    expect(told).to_contain_text(re.compile(r"at \d+:\d\d.* at the earliest"))
    expect(page.locator("[data-frozen]")).to_have_text(re.compile(r"Frozen, to \d+:\d\d"))
    page.goto("/markets")
    badge = page.locator('.markets tr[data-key="eth-main"] .badge--bad')
    expect(badge).to_have_text(re.compile(r"Frozen, to \d+:\d\d"), timeout=WAIT)
    assert visit.complaints() == []


def test_a_phone_sorts_by_a_choice_and_is_told_that_nothing_matches(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size(PHONE)
    page.goto("/markets")
    until_shown(page)
    expect(page.get_by_role("button", name="Price")).to_have_count(0)  # a header that nobody sees
    page.get_by_label("Sort: All markets").select_option("Price")
    assert rows(page)[0] == "wBTC"
    page.get_by_role("button", name="Largest or newest first").click()
    expect(page.get_by_role("button", name="Smallest or oldest first")).to_be_visible()
    assert rows(page)[0] == "CC"
    page.get_by_label("Filter: All markets").fill("nowhere")
    expect(page.get_by_text("Nothing here matches “nowhere”.")).to_be_visible()
    expect(page.get_by_role("button", name="Export CSV")).to_be_disabled()
    page.get_by_label("Filter: All markets").fill("")
    expect(page.get_by_text("Nothing here matches")).to_have_count(0)


def test_what_one_supplies_another_sees_and_it_comes_back(visit: Visit, second: Visit) -> None:
    page, other = visit.page, second.page
    second.sign_in(to="/markets/USDC", email="supplier@dualis.finance")
    visit.sign_in(to="/markets")
    until_shown(page)
    expect(other.locator('[data-stat="supplied"]')).to_have_text(re.compile(r"\d"), timeout=WAIT)

    page.get_by_role("button", name="Supply USDC").click()
    dialog = page.get_by_role("dialog")
    amount = dialog.get_by_label("Amount")
    amount.fill("1000000000")
    expect(dialog.get_by_text("Your wallet holds")).to_be_visible(timeout=WAIT)
    expect(dialog.get_by_role("button", name="Supply", exact=True)).to_be_disabled()
    amount.fill("0.0000001")
    expect(dialog.get_by_text("USDC has at most 6 decimals.")).to_be_visible()
    amount.fill("4321.5")
    send(page, "Supply")
    expect(page.get_by_text("Supplied 4,321.5 USDC.")).to_be_visible()
    expect(page.get_by_role("button", name="Supply USDC")).to_be_focused()
    event = (
        other.get_by_role("row")
        .filter(has_text="Supply")
        .filter(has_text=re.compile(r"\+4,321\.\d"))
    )
    expect(event.first).to_be_visible(timeout=WAIT)

    page.goto("/markets/USDC")
    page.get_by_role("button", name="Withdraw").click(timeout=WAIT)
    dialog.get_by_label("Amount").fill("99999999")
    expect(dialog.get_by_text("You have supplied")).to_be_visible(timeout=WAIT)
    dialog.get_by_label("Amount").fill("4321.5")
    send(page, "Withdraw")
    gone = (
        other.get_by_role("row")
        .filter(has_text="Withdrawal")
        .filter(
            has_text=re.compile(r"4,321\.\d")  # beside what has accrued since
        )
    )
    expect(gone.first).to_be_visible(timeout=WAIT)


def test_the_history_of_a_market_has_figures_ranges_and_a_table(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/markets/wBTC")
    chart = page.get_by_role("img", name="Price of wBTC")
    expect(chart.locator("canvas")).to_be_visible(timeout=WAIT)
    history = page.locator("[data-history]")
    history.get_by_text("Data as a table").click()
    expect(history.get_by_role("row").nth(20)).to_be_visible()
    for span in ("1h", "7d", "30d", "1y"):
        history.get_by_role("button", name=span, exact=True).click()
        expect(history.get_by_role("button", name=span, exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )
    page.get_by_role("button", name="Utilization").click()
    expect(page.get_by_role("img", name="Utilization of wBTC")).to_be_visible()
    curve = page.locator("[data-curve]")
    expect(curve.get_by_text(re.compile(r"Kink at \d+%; now at \d+\.\d\d%"))).to_be_visible()


@pytest.mark.parametrize("path", ["/markets", "/markets/ETH"])
def test_a_page_of_the_markets_fits_a_phone_and_offends_no_rule(visit: Visit, path: str) -> None:
    page = visit.page
    visit.sign_in(to=path)
    expect(page.locator('[data-price="ETH"]')).to_have_text(re.compile(r"\d"), timeout=WAIT)
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Governance")).to_be_visible()
    assert visit.fits()
    assert visit.complaints() == []


def test_a_storm_of_prices_is_drawn_once_a_frame(visit: Visit) -> None:
    page = visit.page
    sent: list[WebSocketRoute] = []
    page.route_web_socket(re.compile(r"/v1/ws$"), lambda socket: _storm(socket, sent))
    visit.sign_in(to="/markets")
    expect(page.locator('[data-price="A0"]')).to_have_text("$1.00", timeout=WAIT)
    page.evaluate(
        """() => {
          window.writes = 0;
          const cell = document.querySelector('[data-price="A0"]');
          new MutationObserver((list) => { window.writes += 1; })
            .observe(cell, { childList: true, characterData: true, subtree: true });
        }"""
    )
    for i in range(300):
        sent[0].send(json.dumps(_data("prices", _price("A0", f"{2 + i}.00"))))
    expect(page.locator('[data-price="A0"]')).to_have_text("$301.00", timeout=WAIT)
    assert page.evaluate("window.writes") < 300


def _storm(socket: WebSocketRoute, sent: list[WebSocketRoute]) -> None:
    def on_message(text: str | bytes) -> None:
        message = json.loads(text)
        if message["type"] == "auth":
            socket.send(json.dumps({"type": "auth", "status": "ok", "userId": "usr_1"}))
        elif message["type"] == "subscribe":
            channel = message["channel"]
            row = _price("A0", "1.00") if channel == "prices" else _pool("A0")
            ack = {"type": "subscribed", "channel": channel, "seq": 1, "epoch": "e", "snapshot": 1}
            socket.send(json.dumps(ack))
            socket.send(json.dumps(_data(channel, row | {"snapshot": True})))
            sent.append(socket)

    socket.on_message(on_message)


def _data(channel: str, row: dict[str, object]) -> dict[str, object]:
    envelope = {"type": "data", "channel": channel, "seq": 1, "epoch": "e"}
    return envelope | {"timestamp": "2026-03-01T10:00:00.000Z", "data": row}


def _price(asset: str, price: str) -> dict[str, object]:
    flags = {"simulated": True, "stale": False, "circuitBreaker": False}
    return {
        "asset": asset,
        "price": price,
        "change24h": 0.01,
        "source": "oracle_aggregated",
    } | flags


def _pool(asset: str) -> dict[str, object]:
    amounts = {"totalSupply": "100", "totalBorrow": "50", "available": "50", "tvlUSD": "100.00"}
    rates: dict[str, object] = {
        "utilization": 0.5,
        "supplyAPY": 0.01,
        "borrowAPY": 0.03,
        "isActive": True,
    }
    return {"poolId": f"{asset}-pool", "asset": asset, "reason": "accrual"} | amounts | rates
