"""What the dashboard makes of rows and refusals, told by a server of the test's own."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.visits import Visit

pytestmark = pytest.mark.browser


def answer_with(
    page: Page, rows: list[dict[str, Any]] | None, *later: dict[str, Any], missing: int = 0
) -> None:
    """Put a server of the test's own behind the page's socket: rows, or refused, then frames.

    So many rows of the snapshot are announced and `missing`.
    """

    def on_socket(socket: WebSocketRoute) -> None:
        def on_message(text: str | bytes) -> None:
            message = json.loads(text)
            frames: list[dict[str, Any]] = []
            if message["type"] == "auth":
                frames = [{"type": "auth", "status": "ok", "userId": "usr_1"}]
            elif message["type"] == "subscribe" and rows is None:
                frames = [{"type": "error", "code": "INVALID_PARAMS", "channel": "prices"}]
                frames[0]["message"] = "prices are out"
            elif message["type"] == "subscribe" and rows is not None:
                ack = {"type": "subscribed", "channel": "prices", "seq": 1, "epoch": "e"}
                frames = [ack | {"snapshot": len(rows) + missing}]
                frames += [_data(row | {"snapshot": True}) for row in rows]
                frames += [_data(row) for row in later]
            for frame in frames:
                socket.send(json.dumps(frame))

        socket.on_message(on_message)

    page.route_web_socket(re.compile(r"/v1/ws$"), on_socket)


def _data(row: dict[str, Any]) -> dict[str, Any]:
    envelope = {"type": "data", "channel": "prices", "seq": 1, "epoch": "e"}
    return envelope | {"timestamp": "2026-03-01T10:00:00.000Z", "data": row}


def _price(asset: str, **more: Any) -> dict[str, Any]:
    row = {"asset": asset, "price": "12.50", "change24h": -0.0182, "source": "oracle_aggregated"}
    flags = {"simulated": False, "stale": False, "circuitBreaker": False}
    return row | {"confidence": 0.9, "twap5m": None} | flags | more


def test_what_is_wrong_with_a_price_is_said_in_words(visit: Visit) -> None:
    rows = [_price("AAA", stale=True, change24h=None), _price("BBB", circuitBreaker=True)]
    answer_with(visit.page, [*rows, _price("CCC")])
    visit.sign_in(to="/oracle")
    stale, halted, sound = (
        visit.page.locator(f'tr[data-asset="{s}"]') for s in ["AAA", "BBB", "CCC"]
    )
    expect(stale.get_by_text("Stale")).to_be_visible()
    expect(stale.locator(".prices__change")).to_have_text("–")
    expect(halted.get_by_text("Halted")).to_be_visible()
    expect(halted.locator(".prices__change")).to_have_text("▼\u22121.82%")
    for word in ("Stale", "Halted", "Simulated"):
        expect(sound.get_by_text(word)).to_be_hidden()
    # A snapshot says what is, not since when.
    expect(sound.locator("time")).to_have_text(re.compile(r"^over \d+ s$"))
    expect(visit.page.get_by_text("AAA, BBB")).to_be_visible()


def test_the_room_of_prices_that_are_still_to_come_is_kept(visit: Visit) -> None:
    page = visit.page
    answer_with(page, [_price("AAA")], missing=1)
    visit.sign_in(to="/oracle")
    expect(page.locator('tr[data-asset="AAA"]')).to_be_visible()
    names = page.evaluate("Object.keys(JSON.parse(document.all['asset-names'].textContent)).length")
    expect(page.locator("[data-prices] tr[data-placeholder]")).to_have_count(names - 1)


def test_a_price_that_is_withdrawn_leaves_the_page(visit: Visit) -> None:
    rows = [_price("AAA"), _price("BBB")]
    answer_with(visit.page, rows, _price("AAA", deleted=True), _price("BBB", price="13.00"))
    visit.sign_in(to="/oracle")
    expect(visit.page.locator('[data-price="BBB"]')).to_have_text("$13.00")
    expect(visit.page.locator("tr[data-asset]")).to_have_count(1)


def test_a_market_without_prices_says_so(visit: Visit) -> None:
    answer_with(visit.page, [])
    visit.sign_in(to="/oracle")
    expect(visit.page.get_by_text("There are no assets with a price yet.")).to_be_visible()


def test_refused_prices_say_why(visit: Visit) -> None:
    answer_with(visit.page, None)
    visit.sign_in(to="/oracle")
    expect(visit.page.get_by_text("The prices cannot be shown: prices are out")).to_be_visible()
