"""Console, reference and the admin's operations in a real browser against a real server."""

import json
import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from dualis.accounts.demo import STAFF_PASSWORD
from tests.visits import WAIT, Visit

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 360, "height": 740}
ADMIN = "admin@dualis.finance"


def console(page: Page, protocol: str) -> None:
    """Open the console's socket to a protocol."""
    expect(page.locator("[data-console]")).to_have_attribute("data-ready", "", timeout=WAIT)
    page.get_by_role("group", name="Protocol").get_by_role("button", name=protocol).click()
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("[data-socket-state]")).to_have_text("Connected", timeout=WAIT)


def send(page: Page, template: str) -> None:
    page.get_by_label("Template").select_option(label=template)
    page.get_by_role("button", name="Send").click()


def frames(page: Page, text: str):
    return page.locator("[data-frames] li").filter(has_text=text)


# --- console ------------------------------------------------------------------------------------
def test_a_template_is_sent_and_its_frames_are_seen(visit: Visit) -> None:
    visit.sign_in(to="/console")
    page = visit.page
    console(page, "Lending market")
    expect(frames(page, '"status":"ok"')).to_have_count(1, timeout=WAIT)
    send(page, "Follow prices")
    expect(frames(page, '"type":"subscribed"')).to_have_count(1, timeout=WAIT)
    data = frames(page, '"type":"data"')
    expect(data.first).to_be_visible(timeout=WAIT)

    page.get_by_role("button", name="Pause").click()
    before = data.count()
    expect(page.locator("[data-frames-count]")).to_have_text(
        re.compile(r"paused: [1-9]\d* wait"), timeout=WAIT
    )
    assert data.count() == before
    page.get_by_role("button", name="Go on").click()
    expect(data.nth(before)).to_be_attached(timeout=WAIT)

    page.get_by_role("searchbox", name="Filter frames").fill("subscribed")
    expect(data.first).to_be_hidden()
    answer = frames(page, '"type":"subscribed"')
    answer.locator("summary").click()
    expect(answer.locator("pre")).to_contain_text('"channel": "prices"')
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    answer.get_by_role("button", name="Copy frame").click()
    expect(page.get_by_text("The frame is copied.")).to_be_visible()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["type"] == "subscribed"
    page.get_by_role("button", name="Measure latency").click()
    expect(page.locator("[data-latency]")).to_have_text(re.compile(r"^\d+\.\d ms"), timeout=WAIT)


def test_the_token_is_neither_shown_nor_stored_nor_in_an_address(visit: Visit) -> None:
    page = visit.page
    sent: list[str] = []
    addresses: list[str] = []

    def watch(socket):
        addresses.append(socket.url)
        socket.on("framesent", lambda text: sent.append(str(text)))

    page.on("websocket", watch)
    page.on("request", lambda request: addresses.append(request.url))
    visit.sign_in(to="/console")
    console(page, "Lending market")
    expect(frames(page, '"status":"ok"')).to_have_count(1, timeout=WAIT)
    tokens = [json.loads(text)["token"] for text in sent if '"auth"' in text]
    assert tokens
    held = page.content() + page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}])"
    )
    for token in tokens:
        assert token not in held
        assert not any(token in address for address in addresses)


def test_a_visitor_uses_the_ledger_and_is_told_what_needs_a_sign_in(visit: Visit) -> None:
    page = visit.page
    page.goto("/console")
    console(page, "Margin ledger")
    send(page, "Follow newBlocks")
    expect(frames(page, "subscriptionResponse")).to_have_count(1, timeout=WAIT)
    expect(frames(page, "blockHash").first).to_be_visible(timeout=WAIT)
    page.get_by_role("group", name="Protocol").get_by_role("button", name="Lending market").click()
    expect(page.locator("[data-socket-state]")).to_have_text(
        re.compile("^Closed with"), timeout=WAIT
    )
    console(page, "Lending market")
    send(page, "Say who you are")
    expect(page.get_by_text("Sign in to get a token")).to_be_visible()
    page.get_by_label("Frame", exact=True).fill("{")
    expect(page.get_by_text("This is not JSON.")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(frames(page, "INVALID_JSON")).to_have_count(1, timeout=WAIT)
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()


def test_the_list_of_frames_stays_bounded(visit: Visit) -> None:
    page = visit.page
    page.goto("/console")
    most = page.evaluate(
        """async () => {
          const { Frames, MOST } = await import("/static/console/frames.js");
          const list = document.querySelector("[data-frames]");
          const [empty, count] = [document.createElement("p"), document.createElement("p")];
          const frames = new Frames({ list, empty, count });
          for (let i = 0; i < 5 * MOST; i += 1) frames.take("in", `{"n":${i}}`, "data");
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          frames.take("in", '{"n":"last"}', "data");
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          return MOST;
        }"""
    )
    items = page.locator("[data-frames] li")
    assert items.count() == most
    expect(items.first).to_contain_text("last")


# --- reference ----------------------------------------------------------------------------------
def test_the_reference_is_searched_and_opened(visit: Visit) -> None:
    page = visit.page
    page.goto("/docs/")
    expect(page.locator("[data-docs]")).to_have_attribute("data-ready", "", timeout=WAIT)
    assert page.locator("details[data-docs-entry]").count() > 130
    page.get_by_role("searchbox").fill("repay")
    entry = page.locator("details").filter(has_text="/v1/borrow/positions/{position_id}/repay")
    expect(entry).to_be_visible()
    expect(page.locator("#rest-Oracle")).to_be_hidden()
    entry.locator("summary").click()
    expect(entry).to_contain_text("Answer 200")
    expect(entry).to_contain_text("repaidAmount")
    expect(page).to_have_url(re.compile("#POST-v1-borrow-positions-position-id-repay$"))
    page.get_by_role("searchbox").fill("")
    frame = page.locator("#Dualis-Subscribe")
    frame.locator("summary").click()
    expect(frame).to_contain_text('"channel": "prices"')
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()


def test_an_address_of_the_reference_opens_its_entry(visit: Visit) -> None:
    page = visit.page
    page.goto("/docs/#Notional-UserFillsData")
    expect(page.locator("#Notional-UserFillsData pre")).to_contain_text('"fills"', timeout=WAIT)
    page.goto("/docs/#error-HEALTH_FACTOR_TOO_LOW")
    expect(page.locator("#error-HEALTH_FACTOR_TOO_LOW")).to_be_in_viewport(timeout=WAIT)


# --- operations ---------------------------------------------------------------------------------
def test_staff_see_live_figures_and_confirm_an_action(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(STAFF_PASSWORD, to="/admin/", email=ADMIN)
    page.get_by_role("link", name="Live operations").click()
    state = page.locator("[data-ops-state]")
    expect(state).to_have_attribute("data-state", "live", timeout=WAIT)
    steps = page.locator("[data-ops-steps] tbody tr")
    tick = steps.filter(has=page.get_by_role("rowheader", name="oracle.tick"))
    expect(tick).to_contain_text("ms", timeout=WAIT)
    expect(page.locator("[data-ops-workers] tbody tr")).to_have_count(1, timeout=WAIT)
    seq = page.locator("[data-ops-stats] dd").nth(4)
    expect(seq).not_to_have_text(seq.inner_text(), timeout=WAIT)
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()

    page.get_by_role("link", name="Stop the fills poller").click()
    expect(page.get_by_text("answers 503 until it runs again")).to_be_visible()
    page.get_by_role("button", name="Stop the fills poller").click()
    expect(page.get_by_text("Stop the fills poller: done.")).to_be_visible()
    poller = page.locator("[data-ops-stats] dd").nth(7)
    expect(poller).to_have_text("switched off", timeout=WAIT)
    page.get_by_role("link", name=re.compile("^Start the fills poller")).click()
    page.get_by_role("button", name="Start the fills poller").click()
    expect(page.get_by_text("Start the fills poller: done.")).to_be_visible()
    expect(poller).to_have_text("running", timeout=WAIT)


def test_who_is_not_staff_sees_no_operations(visit: Visit) -> None:
    visit.sign_in(to="/admin/operations/")
    page = visit.page
    expect(page).to_have_url(re.compile(r"/login\?next="), timeout=WAIT)
    assert page.request.get("/admin/operations/figures").status == 403
