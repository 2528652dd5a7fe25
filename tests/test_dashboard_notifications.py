"""Notifications in a real browser: the live bell, the inbox, preferences, webhooks."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.visits import PHONE, WAIT, Visit

pytestmark = pytest.mark.browser


def unread(page: Page) -> int:
    """Return what the bell says."""
    bell = page.locator("[data-bell]")
    expect(bell).to_have_attribute("aria-label", re.compile("unread"), timeout=WAIT)
    found = re.search(r"(\d+) unread", bell.get_attribute("aria-label") or "")
    return int(found[1]) if found else 0


def until_unread(page: Page, count: int) -> None:
    told = f"{count} unread" if count else "no unread"
    expect(page.locator("[data-bell]")).to_have_attribute(
        "aria-label", f"Notifications, {told}", timeout=WAIT
    )


def test_the_bell_counts_live_and_the_inbox_is_read(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/notifications", email="supplier@dualis.finance")
    visit.until_live()
    before = unread(page)
    elsewhere = page.context.new_page()
    elsewhere.goto("/governance")  # the bell rings on every page
    assert unread(elsewhere) == before

    page.get_by_role("tab", name="Preferences").click()
    page.get_by_role("button", name="Send a test: On this site").click()
    for tab in (page, elsewhere):
        until_unread(tab, before + 1)
    page.get_by_role("tab", name="Inbox").click()
    notice = page.locator(".notice").filter(has_text="Test notification").first
    expect(notice).to_have_attribute("data-unread", "true", timeout=WAIT)
    assert visit.complaints() == []
    notice.get_by_role("button", name="Mark as read").click()
    expect(notice).to_have_attribute("data-unread", "false", timeout=WAIT)
    for tab in (page, elsewhere):
        until_unread(tab, before)

    page.get_by_role("tab", name="Preferences").click()
    page.get_by_role("button", name="Send a test: On this site").click()
    until_unread(page, before + 1)
    page.get_by_role("tab", name="Inbox").click()
    page.get_by_role("button", name="Mark all as read").click()
    for tab in (page, elsewhere):
        until_unread(tab, 0)
    expect(page.get_by_role("button", name="Mark all as read")).to_be_disabled(timeout=WAIT)
    page.get_by_label("Category").select_option("governance")
    expect(page.get_by_text("Nothing is like this.")).to_be_visible(timeout=WAIT)
    page.get_by_label("Category").select_option("system")
    expect(page.locator("[data-notice]").first).to_be_visible(timeout=WAIT)
    count = page.locator("[data-notice]").count()
    page.get_by_role("button", name="Delete: Test notification").first.click()
    expect(page.locator("[data-notice]")).to_have_count(count - 1, timeout=WAIT)
    page.set_viewport_size(PHONE)
    assert visit.fits()


def test_preferences_are_kept_and_wrong_thresholds_are_refused(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/notifications%23preferences", email="supplier@dualis.finance")
    governance = page.get_by_role("switch", name="Governance")
    expect(governance).not_to_be_checked(timeout=WAIT)
    governance.check()
    page.get_by_label("Danger, at or below").fill("20")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("must be from 1.01 to 10")).to_be_visible(timeout=WAIT)
    page.get_by_label("Danger, at or below").fill("1.25")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your preferences are saved.")).to_be_visible(timeout=WAIT)
    assert visit.complaints() == []
    page.reload()
    expect(governance).to_be_checked(timeout=WAIT)
    expect(page.get_by_label("Danger, at or below")).to_have_value("1.25", timeout=WAIT)
    page.set_viewport_size(PHONE)
    assert visit.fits()


def test_a_webhook_shows_its_secret_once(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/notifications%23webhooks", email="supplier@dualis.finance")
    expect(page.get_by_text("You have no webhook.")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Add a webhook").click()
    page.get_by_label("Address of your program").fill("http://hooks.example.com/")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("The address is not taken.")).to_be_visible(timeout=WAIT)
    page.get_by_label("Address of your program").fill("https://hooks.example.com/dualis")
    page.get_by_role("button", name="Add", exact=True).click()
    secret = page.get_by_role("textbox", name="Secret")
    expect(secret).to_have_value(re.compile("^whsec_"), timeout=WAIT)
    told = secret.input_value()
    assert visit.complaints() == []
    page.get_by_role("button", name="I have kept it").click()
    row = page.get_by_role("table", name="Webhooks").get_by_role("row").filter(has_text="hooks.")
    expect(row).to_contain_text("On", timeout=WAIT)
    page.reload()
    expect(row).to_be_visible(timeout=WAIT)
    assert told not in page.content()
    row.get_by_role("button", name=re.compile("^Deliveries")).click()
    expect(page.get_by_text("Nothing was sent yet.")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Done").click()
    row.get_by_role("button", name=re.compile("^Switch off")).click()
    expect(row).to_contain_text("Off", timeout=WAIT)
    page.set_viewport_size(PHONE)
    assert visit.fits()
    row.get_by_role("button", name=re.compile("^Delete")).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("You have no webhook.")).to_be_visible(timeout=WAIT)
