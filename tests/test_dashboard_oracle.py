"""The oracle's page in a real browser: what stands behind each price."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.visits import PHONE, WAIT, Visit

pytestmark = pytest.mark.browser


def test_a_visitor_sees_what_stands_behind_each_price(visit: Visit) -> None:
    page = visit.page
    page.goto("/oracle")
    feeds = page.get_by_role("table", name="Feeds")
    eth = feeds.locator('tr[data-key="ETH"]')
    expect(eth).to_be_visible(timeout=WAIT)
    for part in ("simulated", "one source", "78%", "Closed"):
        expect(eth).to_contain_text(part, timeout=WAIT)
    expect(eth.locator("[data-feed-age]")).to_have_text(
        re.compile(r"^(now|\d+ s ago)$"), timeout=WAIT
    )
    expect(page.get_by_text("The oracle runs; market prices are simulated.")).to_be_visible(
        timeout=WAIT
    )
    feeds.get_by_role("button", name="Confidence").click()
    expect(feeds.locator("tbody tr").first).to_contain_text("86%", timeout=WAIT)

    eth.get_by_role("button").click()
    expect(page.get_by_role("combobox", name="Asset")).to_have_value("ETH", timeout=WAIT)
    legend = page.locator(".chart__legend").first
    expect(legend).to_have_text(re.compile(r"Price \$[12],\d{3}"), timeout=WAIT)
    page.get_by_role("button", name="7d", exact=True).click()
    expect(page.get_by_role("button", name="7d", exact=True)).to_have_attribute(
        "aria-pressed", "true", timeout=WAIT
    )
    page.get_by_text("Data as a table").click()
    expect(page.locator(".chart__table tbody tr").first).to_contain_text("$", timeout=WAIT)
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()


def test_a_history_refused_for_now_is_asked_for_again_and_no_other_is_shown(visit: Visit) -> None:
    page = visit.page
    page.goto("/oracle")
    legend = page.locator(".chart__legend").first
    expect(legend).to_have_text(re.compile(r"Price \$\d"), timeout=WAIT)
    error = {"code": "RATE_LIMITED", "message": "Too many requests.", "details": {}}
    headers = {"Retry-After": "2"}
    refused: list[Route] = []

    def refuse_twice(route: Route) -> None:
        refused.append(route)
        if len(refused) > 2:
            route.continue_()
        else:
            route.fulfill(status=429, headers=headers, json={"error": error})

    page.route("**/v1/oracle/prices/ETH?*", refuse_twice)
    page.get_by_role("combobox", name="Asset").select_option("ETH")
    expect(page.get_by_text("Too many requests.")).to_be_visible(timeout=WAIT)
    expect(legend).to_have_text("")
    expect(legend).to_have_text(re.compile(r"Price \$[12],\d{3}"), timeout=WAIT)
    expect(page.get_by_text("Too many requests.")).to_have_count(0)
