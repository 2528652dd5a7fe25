"""The pages of an account: overview from the first day on, statement, settings."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from dualis.accounts.demo import PASSWORD
from tests.process import until
from tests.visits import PHONE, WAIT, Server, Visit, send

pytestmark = pytest.mark.browser


def test_a_new_user_is_led_from_the_faucet_to_a_loan(visit: Visit, server: Server) -> None:
    page = visit.page
    email = "first-day@example.com"
    answer = page.request.post(
        "/v1/auth/register/retail", data={"email": email, "password": PASSWORD}
    )
    assert answer.status == 201
    page.context.clear_cookies()
    visit.sign_in(email=email)
    begin = page.get_by_role("region", name="Begin here")
    expect(begin).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("You supply nothing yet.")).to_be_visible()
    expect(page.get_by_text("There is no entry in your statement yet.")).to_be_visible()
    begin.get_by_role("button", name="Open the faucet").click()
    expect(page.get_by_text("You got")).to_be_visible(timeout=WAIT)
    expect(begin.locator("[data-done]")).to_have_count(1)

    page.get_by_role("button", name="Supply USDC").click()
    page.get_by_role("dialog").get_by_label("Amount").fill("20000")
    send(page, "Supply")
    expect(begin.locator("[data-done]")).to_have_count(2, timeout=WAIT)
    expect(page.locator('[data-account="totalSuppliedUSD"]')).to_have_text(
        re.compile(r"^\$(20,0|19,9)"), timeout=WAIT
    )

    begin.get_by_role("link", name="Open a position").click()
    page.get_by_role("button", name="New position").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Amount to lock").fill("2")
    form.get_by_label("Amount to borrow").fill("1000")
    send(page, "Borrow")
    page.get_by_role("link", name="Overview", exact=True).click()
    expect(page.get_by_role("img", name=re.compile(r"Health factor \d\.\d\d"))).to_be_visible(
        timeout=WAIT
    )
    expect(page.get_by_role("region", name="Begin here")).to_be_hidden()
    expect(page.locator("[data-worth]")).to_have_text(re.compile(r"^\$[\d,]+\.\d\d$"), timeout=WAIT)
    # What came from outside is no profit.
    expect(page.locator("[data-profit]")).to_have_text(re.compile(r"^[+−]?\$\d{1,3}\.\d\d$"))


def test_the_overview_shows_every_channel_live_and_offends_no_rule(visit: Visit) -> None:
    page = visit.page
    visit.sign_in()
    for channel in ("prices", "pools", "positions", "liquidations", "governance", "notifications"):
        line = page.locator(f'[data-channel="{channel}"]')
        expect(line).to_contain_text("Live", timeout=WAIT)
    expect(page.locator('[data-channel="prices"]')).to_contain_text(re.compile("now|s ago"))
    expect(page.get_by_role("img", name="Portfolio").locator("canvas")).to_be_visible(timeout=WAIT)
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()
    assert visit.complaints() == []


def test_the_statement_is_filtered_exported_and_grows_live(visit: Visit, second: Visit) -> None:
    page, other = visit.page, second.page
    trader = "trader@dualis.finance"
    visit.sign_in(to="/activity", email=trader)
    statement = page.get_by_role("table", name="Statement")
    expect(statement.get_by_text("Deposit").first).to_be_visible(timeout=WAIT)
    second.sign_in(to="/markets/ETH", email=trader)
    other.get_by_role("button", name="Supply").click(timeout=WAIT)
    other.get_by_role("dialog").get_by_label("Amount").fill("1.25")
    send(other, "Supply")
    expect(statement.get_by_text("−1.25 ETH")).to_be_visible(timeout=WAIT)

    page.get_by_label("Asset").select_option("ETH")
    expect(statement.get_by_text("USDC")).to_have_count(0, timeout=WAIT)
    page.reload()
    page.get_by_label("Type").select_option("supply")
    expect(statement.get_by_text("Deposit")).to_have_count(0, timeout=WAIT)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert {line["type"] for line in lines} == {"supply"}
    assert "-1.25" in {line["amount"] for line in lines}
    page.get_by_label("Reference").fill("nothing_like_it")
    page.get_by_label("Reference").press("Enter")
    expect(page.get_by_text("No entry fits.")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Clear").click()
    expect(statement.get_by_text("Deposit").first).to_be_visible(timeout=WAIT)
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()


def test_a_rule_is_set_and_revoked_and_a_token_is_shown_once(visit: Visit) -> None:
    page = visit.page
    page.context.grant_permissions(["clipboard-write"])
    visit.sign_in(to="/settings")
    page.get_by_role("button", name="Add a rule").click(timeout=WAIT)
    dialog = page.get_by_role("dialog")
    trigger = dialog.get_by_label("Trigger")
    trigger.fill("3.5")
    expect(dialog.get_by_role("button", name="Set the rule")).to_be_disabled()
    trigger.fill("1.25")
    dialog.get_by_label("No limit but what the wallet holds").check()
    send(page, "Set the rule")
    rules = page.get_by_role("table", name="Active rules")
    expect(rules.get_by_text("All USDC you have")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="Add a rule").click()
    dialog.get_by_label("No limit but what the wallet holds").check()
    dialog.get_by_role("button", name="Set the rule").click()
    expect(dialog.get_by_role("alert")).to_contain_text("has an active rule of repay", timeout=WAIT)
    page.keyboard.press("Escape")
    rules.get_by_role("button", name="Revoke").click()
    send(page, "Revoke")
    expect(page.get_by_text("No rule is active.")).to_be_visible(timeout=WAIT)

    page.get_by_role("button", name="New token").click()
    dialog.get_by_label("Name").fill("Price logger")
    dialog.get_by_role("button", name="Make it").click()
    token = dialog.get_by_label("Token")
    expect(token).to_have_value(re.compile(r"^\S{20,}$"), timeout=WAIT)
    secret = token.input_value()
    assert page.request.get(
        "/v1/borrow/positions", headers={"Authorization": f"Bearer {secret}"}
    ).ok
    send(page, "Copy and close")
    tokens = page.get_by_role("table", name="Stream tokens")
    expect(tokens.get_by_text("Price logger")).to_be_visible()
    until(lambda: secret not in page.content())  # a closed dialog is taken out a moment later
    tokens.get_by_role("button", name="Revoke").click()
    send(page, "Revoke")
    expect(page.get_by_text("You have no token.")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("table", name="Sessions").get_by_text("This one")).to_be_visible()
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()
