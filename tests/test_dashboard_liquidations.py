"""Liquidations in a real browser: what a visitor reads, and a bid as a person makes it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.visits import PHONE, WAIT, Server, Visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def auction(server: Server) -> Iterator[None]:
    server.call("tests.live_auction:open_one")
    yield
    server.call("tests.live_auction:end")


def test_a_visitor_reads_auctions_risk_and_history(visit: Visit) -> None:
    page = visit.page
    page.goto("/liquidations")
    expect(page.get_by_text("Public view")).to_be_visible(timeout=WAIT)
    health = page.get_by_role("table", name="Loans by health factor")
    expect(health.get_by_role("row")).to_have_count(9, timeout=WAIT)
    expect(health.get_by_role("row", name="below 0.95")).to_be_visible(timeout=WAIT)
    shocks = page.get_by_role("table", name="Debt that may be liquidated after a fall of prices")
    half = shocks.get_by_role("row", name=re.compile("50%"))
    everything = half.inner_text()
    page.get_by_label("Falling").select_option("ETH")
    expect(half).not_to_have_text(everything, timeout=WAIT)
    expect(page.get_by_role("heading", name="History")).to_be_visible(timeout=WAIT)
    assert visit.complaints() == []


def test_a_bid_is_refused_in_words_and_then_taken(visit: Visit, auction: None) -> None:
    page = visit.page
    visit.sign_in(to="/liquidations", email="trader@dualis.finance")
    card = page.get_by_role("article").filter(has_text="CC for USDC")
    expect(card).to_be_visible(timeout=WAIT)
    expect(card.get_by_role("img", name=re.compile("^Bonus .*at the end"))).to_be_visible(
        timeout=WAIT
    )
    expect(card.locator(".auction__clock")).to_have_text(re.compile(r"^\d:\d\d$"), timeout=WAIT)
    card.get_by_role("button", name="Bid").click()

    dialog = page.get_by_role("dialog", name="Bid for CC")
    expect(dialog.get_by_text("In your wallet")).to_be_visible(timeout=WAIT)
    dialog.get_by_role("textbox", name="You repay").fill("0.5")
    expect(dialog.get_by_text("Bids begin at")).to_be_visible(timeout=WAIT)
    bid = dialog.get_by_role("button", name="Bid", exact=True)
    expect(bid).to_be_disabled(timeout=WAIT)
    dialog.get_by_role("button", name="Max of").click()
    expect(dialog.locator("dd").nth(1)).to_have_text(
        re.compile(r"[\d,.]+ CC \(\$[\d,.]+\)"), timeout=WAIT
    )
    assert visit.complaints() == []
    bid.click()

    expect(page.get_by_text(re.compile(r"You bought [\d,.]+ CC\."))).to_be_visible(timeout=WAIT)
    expect(dialog).to_be_hidden(timeout=WAIT)
    expect(card).to_have_count(0, timeout=WAIT)
    history = page.get_by_role("table", name="Past liquidations")
    row = history.get_by_role("row").filter(has_text="CC").first
    expect(row).to_contain_text("Bidders", timeout=WAIT)


def test_the_page_fits_a_narrow_screen(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)
    visit.page.goto("/liquidations")
    expect(visit.page.get_by_role("row", name="below 0.95")).to_be_visible(timeout=WAIT)
    assert visit.fits()
