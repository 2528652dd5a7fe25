"""Governance in a real browser: proposing, voting before another's eyes, delegating, staking."""

import re

import pytest
from playwright.sync_api import expect

from tests.visits import PHONE, WAIT, Visit, send

pytestmark = pytest.mark.browser
WHY = (
    "Loans against wrapped coins cost less elsewhere, and the pool has stood half empty for weeks."
)


def test_a_proposal_is_made_and_two_browsers_see_each_others_votes(
    visit: Visit, second: Visit
) -> None:
    page = visit.page
    visit.sign_in(to="/governance")
    page.get_by_role("button", name="New proposal").click()
    form = page.get_by_role("dialog", name="New proposal")
    form.get_by_label("Pool").select_option("spy-2026")
    form.get_by_label("Parameter").select_option("liquidationPenalty")
    effect = form.locator(".proposal-form__effect")
    expect(effect).to_contain_text("Fill in the fields above", timeout=WAIT)
    form.get_by_label("Proposed value").fill("7")
    expect(effect).to_contain_text("See the fields above", timeout=WAIT)
    expect(form.get_by_label("Proposed value")).to_have_attribute(
        "aria-invalid", "true", timeout=WAIT
    )
    form.get_by_label("Proposed value").fill("0.065")
    row = effect.get_by_role("row", name="Liquidation penalty")
    expect(row).to_contain_text("6.00%", timeout=WAIT)
    expect(row).to_contain_text("6.50%", timeout=WAIT)
    form.get_by_label("Reason").fill(WHY)
    form.get_by_role("button", name="Propose").click()
    expect(form.get_by_label("Title")).to_have_attribute("aria-invalid", "true", timeout=WAIT)
    form.get_by_label("Title").fill("A higher penalty for SPY")
    form.get_by_label("Why").fill(WHY)
    assert visit.complaints() == []
    form.get_by_role("button", name="Propose").click()
    expect(page).to_have_url(re.compile(r"/governance/DIP-\d+$"), timeout=WAIT)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "A higher penalty for SPY", timeout=WAIT
    )
    expect(page.get_by_text("Vote open").first).to_be_visible(timeout=WAIT)
    expect(page.get_by_text(re.compile(r"^(\d+ min )?\d+ s$")).first).to_be_visible()
    visit.until_live()

    path = page.url.removeprefix(page.url.split("/governance")[0])
    second.sign_in(to=path, email="institutional@dualis.finance")
    second.until_live()
    seen = second.page
    seen.get_by_label("Reason, for all to read (optional)").fill("Auctions have ended unsold.")
    seen.get_by_role("group", name="Vote").get_by_role("button", name="For").click()
    expect(seen.get_by_text(re.compile("^You voted for with"))).to_be_visible(timeout=WAIT)
    # The first browser is told of it without doing anything.
    votes = page.get_by_role("table", name="Votes")
    theirs = votes.get_by_role("row").filter(has_text="Auctions have ended unsold.")
    expect(theirs).to_contain_text("For", timeout=WAIT)

    page.get_by_role("group", name="Vote").get_by_role("button", name="Against").click()
    expect(page.get_by_text(re.compile(r"^You voted against with [\d,]+ DUAL\."))).to_be_visible(
        timeout=WAIT
    )
    me = str(page.locator("body").get_attribute("data-user"))
    mine = seen.get_by_role("table", name="Votes").get_by_role("row").filter(has_text=me)
    expect(mine).to_contain_text("Against", timeout=WAIT)
    page.get_by_role("group", name="Vote").get_by_role("button", name="Abstain").click()
    expect(mine).to_contain_text("Abstain", timeout=WAIT)
    assert visit.complaints() == []

    page.get_by_role("button", name="Withdraw").click()
    send(page, "Withdraw")
    expect(page.get_by_text("Cancelled").first).to_be_visible(timeout=WAIT)
    expect(seen.get_by_text("Cancelled").first).to_be_visible(timeout=WAIT)
    expect(seen.get_by_role("group", name="Vote")).to_be_hidden(timeout=WAIT)


def test_power_is_delegated_and_taken_back_and_dual_staked(visit: Visit, second: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/governance", email="trader@dualis.finance")
    second.sign_in(to="/governance", email="institutional@dualis.finance")
    delegate = str(second.page.locator("body").get_attribute("data-user"))
    page.get_by_role("button", name="Delegate").click()
    dialog = page.get_by_role("dialog", name="Delegate your voting power")
    dialog.get_by_label("Id of the delegate").fill("usr_nobody")
    dialog.get_by_role("button", name="Delegate").click()
    expect(dialog.get_by_role("alert")).to_be_visible(timeout=WAIT)
    dialog.get_by_label("Id of the delegate").fill(delegate)
    dialog.get_by_role("button", name="Delegate").click()
    power = page.locator("[data-power]")
    expect(power).to_contain_text(delegate, timeout=WAIT)
    expect(page.locator('[data-stat="power"]')).to_have_text("0", timeout=WAIT)
    power.get_by_role("button", name="Take back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(page.locator('[data-stat="power"]')).to_have_text("12,000", timeout=WAIT)

    stake = page.locator("[data-stake]")
    stake.get_by_role("button", name="Stake", exact=True).click()
    page.get_by_role("textbox", name="Amount").fill("100")
    page.get_by_role("dialog").get_by_role("button", name="Stake").click()
    expect(stake).to_contain_text("100 DUAL", timeout=WAIT)
    expect(page.locator('[data-stat="power"]')).to_have_text("12,050", timeout=WAIT)
    stake.get_by_role("button", name="Unstake").click()
    page.get_by_role("button", name="Max of").click()
    page.get_by_role("dialog").get_by_role("button", name="Unstake").click()
    expect(stake).to_contain_text("Cooling down", timeout=WAIT)


def test_a_visitor_reads_proposals_and_is_asked_to_sign_in(visit: Visit) -> None:
    page = visit.page
    page.goto("/governance")
    cards = page.get_by_role("article")
    expect(cards.first).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("button", name="New proposal")).to_have_count(0, timeout=WAIT)
    page.get_by_role("button", name="Ended").click()
    expect(page.get_by_text("Vote open")).to_have_count(0, timeout=WAIT)
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()
    page.get_by_role("button", name="All", exact=True).click()
    cards.first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Your vote")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("list").get_by_text("Proposed")).to_be_visible(timeout=WAIT)
    assert visit.fits()
    page.goto("/governance/DIP-999999")
    expect(page.get_by_role("link", name="All proposals")).to_be_visible(timeout=WAIT)
