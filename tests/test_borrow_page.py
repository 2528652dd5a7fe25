"""The borrower's page as a person walks it: borrow until refused, repay, move collateral, close."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.visits import PHONE, WAIT, Visit, send

pytestmark = pytest.mark.browser

ENOUGH = 20_000  # ms; a page of a busy machine


def card(page: Page, asset: str) -> Locator:
    return page.get_by_role("article", name=f"Position in {asset}")


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_a_position_is_opened_until_refused_changed_and_closed(visit: Visit, second: Visit) -> None:
    page, other = visit.page, second.page
    visit.sign_in(to="/borrow")
    second.sign_in(to="/borrow")
    expect(card(page, "USDC")).to_be_visible(timeout=WAIT)
    expect(card(other, "USDC")).to_be_visible(timeout=WAIT)

    page.get_by_role("button", name="Borrow CC").click()
    form = dialog(page)
    form.get_by_label("Amount to lock").fill("1")
    amount = form.get_by_label("Amount to borrow")
    form.get_by_role("button", name="Max of Amount to borrow").click()
    expect(amount).to_have_value(re.compile(r"^\d+(\.\d+)?$"), timeout=ENOUGH)
    most = float(amount.input_value())
    amount.fill(f"{most * 1.1:.6f}")
    expect(form.get_by_text("This collateral lends")).to_be_visible()
    expect(form.get_by_role("button", name="Borrow", exact=True)).to_be_disabled()
    amount.fill("10")
    expect(form.get_by_text("A debt is zero or worth at least 100 USD")).to_be_visible()
    amount.fill("2000")
    expect(form.get_by_text(re.compile(r"∞ → \d\.\d\d"))).to_be_visible()
    send(page, "Borrow")
    expect(page.get_by_text("Borrowed 2,000 CC.")).to_be_visible()
    mine, theirs = card(page, "CC"), card(other, "CC")
    expect(mine).to_contain_text("2,000")
    expect(theirs).to_contain_text("2,000", timeout=ENOUGH)  # the other browser, without a reload

    mine.get_by_role("button", name="Add collateral").click()
    dialog(page).get_by_label("Amount to add").fill("0.5")
    send(page, "Add")
    expect(theirs).to_contain_text("1.5 ETH", timeout=ENOUGH)

    mine.get_by_role("button", name="Remove collateral").click()
    removing = dialog(page).get_by_label("Amount to remove")
    removing.fill("1.49")
    expect(dialog(page).get_by_text("the debt needs the rest")).to_be_visible(timeout=ENOUGH)
    removing.fill("0.25")
    send(page, "Remove")
    expect(theirs).to_contain_text("1.25 ETH", timeout=ENOUGH)

    mine.get_by_role("button", name="Borrow more").click()
    dialog(page).get_by_label("Amount to borrow").fill("500")
    send(page, "Borrow")
    mine.get_by_role("button", name="Repay").click()
    repaying = dialog(page).get_by_label("Amount to repay")
    repaying.fill("2400")
    expect(dialog(page).get_by_text("this would leave")).to_be_visible(timeout=ENOUGH)
    repaying.fill("1000")
    send(page, "Repay")
    expect(theirs).to_contain_text("1,500", timeout=ENOUGH)

    mine.get_by_role("button", name="Close").click()
    send(page, "Repay all and close")
    expect(mine).to_have_count(0, timeout=ENOUGH)
    expect(theirs).to_have_count(0, timeout=ENOUGH)


def test_the_slider_shows_health_at_other_prices(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/borrow")
    own = card(page, "USDC")
    expect(own).to_be_visible(timeout=WAIT)
    slider = page.get_by_role("slider", name="Change")
    slider.fill("-60")
    expect(
        own.get_by_text(re.compile(r"At these prices: health 0\.\d\d, liquidatable"))
    ).to_be_visible(timeout=ENOUGH)
    page.get_by_label("Price of").select_option("USDC")
    slider.fill("50")
    expect(own.get_by_text(re.compile(r"At these prices: health 1\.\d\d"))).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(own.get_by_text("At these prices")).to_have_count(0)


def test_a_refusal_of_the_server_takes_the_hoped_for_change_back(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/borrow")
    own = card(page, "USDC")
    expect(own).to_contain_text("8,0", timeout=WAIT)
    error = {"code": "PROTOCOL_PAUSED", "message": "The protocol is paused.", "details": {}}
    page.route("**/repay", lambda route: route.fulfill(status=503, json={"error": error}))
    own.get_by_role("button", name="Repay").click()
    dialog(page).get_by_label("Amount to repay").fill("1000")
    button = dialog(page).get_by_role("button", name="Repay", exact=True)
    expect(button).to_be_enabled(timeout=ENOUGH)
    button.click()
    expect(dialog(page).get_by_role("alert")).to_have_text("The protocol is paused.")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    expect(own.get_by_role("button", name="Repay")).to_be_focused()
    expect(own).to_contain_text("8,0")
    expect(own.get_by_text("Being changed")).to_be_hidden()


def test_a_write_whose_answer_is_lost_is_sent_again_under_its_key(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/borrow")
    own = card(page, "USDC")
    expect(own).to_be_visible(timeout=WAIT)
    keys: list[str] = []

    def lose_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()  # it arrives, and its answer does not
            route.abort()
        else:
            route.continue_()

    page.route("**/repay", lose_first)
    own.get_by_role("button", name="Repay").click()
    dialog(page).get_by_label("Amount to repay").fill("100")
    button = dialog(page).get_by_role("button", name="Repay", exact=True)
    expect(button).to_be_enabled(timeout=ENOUGH)
    button.click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("did not answer")
    send(page, "Repay")
    assert len(set(keys)) == 1 and len(keys) == 2
    expect(page.get_by_text("Repaid 100 USDC.")).to_be_visible()
    expect(own).to_contain_text("7,900.")  # once, not twice


def test_the_page_fits_a_phone_and_offends_no_rule(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)
    visit.sign_in(to="/borrow")
    expect(card(visit.page, "USDC")).to_be_visible(timeout=WAIT)
    assert visit.fits()
    assert visit.complaints() == []
    visit.page.get_by_role("button", name="Repay").click()
    expect(dialog(visit.page)).to_be_visible()
    assert visit.fits()
    assert visit.complaints() == []
