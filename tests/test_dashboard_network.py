"""The pages on a network that is slow, silent, half-open, or gone for a while; and after sleep."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from dualis.accounts.demo import PASSWORD
from tests.process import until
from tests.relay import Relay, relaying
from tests.visits import WAIT, Server, Visit, visiting

pytestmark = pytest.mark.browser

SLOW = 100_000  # bytes a second, as on a bad phone line
LATE = 0.15  # seconds, each way
QUIET_MS, PONG_MS = 20_000, 8_000  # of client/stream.js
SLEPT_MS = 15_000  # late for client/wake.js, and no silence yet that is noticed anyway
AGAIN_MS = 5_000  # of client/again.js
ASK_EVERY_MS = 5_000  # of client/follow.js
_NUMBERS = count(1)


class Person:
    """Somebody with an account of their own, who also reaches the server from elsewhere."""

    def __init__(self, client: httpx.Client) -> None:
        number = next(_NUMBERS)
        self.email = f"traveler-{number}@example.com"
        self._client = client
        self._client.headers["X-Forwarded-For"] = f"2001:db8:1::{number:x}"
        body = {"email": self.email, "password": PASSWORD}
        self.post("/v1/auth/register/retail", **body, acceptTerms=True)
        token = self.post("/v1/auth/login", **body)["accessToken"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def post(self, path: str, **body: Any) -> Any:
        answer = self._client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def get(self, path: str) -> Any:
        answer = self._client.get(path)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def wallet(self, asset: str = "USDC") -> Decimal:
        return sum(
            (
                Decimal(row["amount"])
                for row in self.get("/v1/user/balances")
                if row["asset"] == asset
            ),
            Decimal(0),
        )


@pytest.fixture(scope="module")
def network(server: Server) -> Iterator[Relay]:
    with relaying(server.relay_port, server.port) as relay:
        yield relay


@pytest.fixture
def relay(network: Relay) -> Iterator[Relay]:
    yield network
    network.mend()


@pytest.fixture
def away(server: Server, browser: Browser, relay: Relay) -> Iterator[Visit]:
    """A visit whose every byte goes by the relay."""
    with visiting(server, browser, server.relay_url) as visit:
        yield visit


@pytest.fixture
def person(server: Server) -> Iterator[Person]:
    address = {"X-Forwarded-For": f"2001:db8:1::{next(_NUMBERS):x}"}  # nobody spends another's rate
    url = f"http://127.0.0.1:{server.port}"
    with httpx.Client(base_url=url, timeout=60, headers=address) as client:
        yield Person(client)


def arrive(visit: Visit, person: Person, path: str) -> None:
    visit.sign_in(to=path, email=person.email)
    visit.until_live()
    visit.page.evaluate("window.isSameDocument = true")


def until_state(page: Page, state: str) -> None:
    expect(page.locator("[data-connection]")).to_have_attribute("data-state", state, timeout=WAIT)


def until_back(visit: Visit) -> None:
    """Wait until the page lives again, by itself and without having been loaded anew."""
    visit.until_live()
    expect(visit.page.locator("[data-banner]")).to_be_hidden()
    assert visit.page.evaluate("window.isSameDocument"), "it was loaded anew"


def until_prices_agree(visit: Visit) -> None:
    """Wait for a moment at which every price of the page is what REST says, asked now and then."""
    agree = """async () => {
      const answer = await fetch("/v1/oracle/prices");
      const { data } = answer.ok ? await answer.json() : { data: [] };
      const shown = (asset) => document.querySelector(`[data-price="${asset}"]`)?.title;
      const isAlike = ({ asset, price }) => shown(asset) === `${price} USD`;
      if (data.length > 0 && data.every(isAlike)) return true;
      return new Promise((resolve) => setTimeout(resolve, 400, false));
    }"""
    until(lambda: visit.page.evaluate(agree), seconds=WAIT / 1000)


def until_in_page(page: Page, condition: Callable[[], Any]) -> None:
    """Wait until what the page's events told meets a condition; they come while one talks to it."""
    until(lambda: page.evaluate("0") == 0 and condition(), seconds=WAIT / 1000)


def note_pings(pings: list[str]) -> Callable[[str | bytes], None]:
    def note(frame: str | bytes) -> None:
        if '"ping"' in str(frame):
            pings.append(str(frame))

    return note


def begin_supply(visit: Visit, person: Person) -> tuple[Any, Any, Decimal]:
    """Fill the form that supplies 12.5 USDC; return its dialog, its button and the wallet after."""
    person.post("/v1/user/faucet")
    left = person.wallet() - Decimal("12.5")
    arrive(visit, person, "/markets")
    visit.page.get_by_role("button", name="Supply USDC").click()
    dialog = visit.page.get_by_role("dialog")
    dialog.get_by_label("Amount").fill("12.5")
    button = dialog.get_by_role("button", name="Supply", exact=True)
    expect(button).to_be_enabled(timeout=WAIT)
    return dialog, button, left


def until_supplied(visit: Visit, person: Person, dialog: Any, left: Decimal) -> None:
    expect(dialog).to_have_count(0, timeout=WAIT)
    expect(visit.page.get_by_text("Supplied 12.5 USDC.")).to_be_visible()
    assert person.wallet() == left


def test_a_slow_network_shows_skeletons_first_and_then_live_prices(
    away: Visit, relay: Relay
) -> None:
    page = away.page
    away.sign_in(to="/governance")
    away.until_live()
    relay.slow(SLOW, LATE)
    page.goto("/markets", wait_until="commit")
    expect(page.locator(".markets .skeleton").first).to_be_visible(timeout=WAIT)
    away.until_live()
    expect(page.locator(".markets tbody tr[data-key]").first).to_be_visible(timeout=WAIT)
    expect(page.locator(".skeleton")).to_have_count(0, timeout=WAIT)
    away.until_price_moves("ETH")


def test_an_action_on_a_slow_network_says_that_it_is_under_way(
    away: Visit, relay: Relay, person: Person
) -> None:
    dialog, button, left = begin_supply(away, person)
    relay.slow(SLOW, 3 * LATE)
    button.click()
    expect(dialog.get_by_role("button", name="Working…")).to_be_disabled()
    until_supplied(away, person, dialog, left)


def test_an_action_whose_answer_is_lost_is_done_once_when_it_is_sent_again(
    away: Visit, relay: Relay, person: Person
) -> None:
    dialog, button, left = begin_supply(away, person)
    relay.hold_answers()
    button.click()
    until(lambda: person.wallet() == left)
    relay.cut()
    expect(dialog.get_by_role("alert")).to_contain_text("The server did not answer.", timeout=WAIT)
    relay.mend()
    button.click()
    until_supplied(away, person, dialog, left)
    until_back(away)


def test_a_lost_network_is_said_and_nothing_is_missed_once_it_is_back(
    away: Visit, relay: Relay, person: Person
) -> None:
    page = away.page
    person.post("/v1/notifications/preferences/test", channel="in_app")
    arrive(away, person, "/notifications")
    notices = page.locator("[data-notice]")
    expect(notices).to_have_count(len(person.get("/v1/notifications")), timeout=WAIT)

    page.context.set_offline(True)
    relay.cut()
    until_state(page, "offline")
    expect(page.get_by_text("This device is offline.")).to_be_visible(timeout=WAIT)
    for _ in range(3):
        person.post("/v1/notifications/preferences/test", channel="in_app")

    relay.mend()
    page.context.set_offline(False)
    until_back(away)
    told = {row["id"] for row in person.get("/v1/notifications")}
    expect(notices).to_have_count(len(told), timeout=WAIT)
    shown = page.evaluate(
        "[...document.querySelectorAll('[data-notice]')].map((one) => one.dataset.notice)"
    )
    assert set(shown) == told
    unread = re.compile(f"{person.get('/v1/notifications/unread-count')['count']} unread")
    expect(page.locator("[data-bell]")).to_have_attribute("aria-label", unread, timeout=WAIT)


def test_a_half_open_link_is_noticed_by_its_silence(
    away: Visit, relay: Relay, person: Person
) -> None:
    page = away.page
    page.clock.install()
    arrive(away, person, "/oracle")
    away.until_price_moves("ETH")
    relay.lose_sockets()
    page.clock.fast_forward(QUIET_MS)  # no browser says anything, and nothing comes
    age = page.locator("[data-freshness]")
    expect(age).to_have_text(re.compile(r"^2\d s ago$"))
    expect(age).to_have_attribute("data-old", "true")
    page.clock.fast_forward(PONG_MS + 1_000)
    until_back(away)
    expect(age).to_have_attribute("data-old", "false", timeout=WAIT)
    until_prices_agree(away)


def test_a_page_that_slept_goes_on_with_what_happened_meanwhile(
    away: Visit, relay: Relay, person: Person
) -> None:
    page = away.page
    pings: list[str] = []
    failed: list[Request] = []
    page.on("websocket", lambda socket: socket.on("framesent", note_pings(pings)))
    page.on("requestfailed", lambda one: failed.append(one))
    person.post("/v1/user/faucet")
    page.clock.install()
    arrive(away, person, "/")
    wallet = page.locator('[data-wallet] tr[data-key="USDC"] .table__amount')
    expect(wallet).to_have_text(re.compile(r"\d"), timeout=WAIT)
    pools = person.get("/v1/pools?limit=100")
    (pool,) = [row["poolId"] for row in pools if row["asset"] == "USDC"]
    relay.lose_sockets()
    person.post(f"/v1/pools/{pool}/supply", amount="100")

    page.route("**/v1/user/balances", lambda route: route.abort("internetdisconnected"), times=1)
    page.clock.fast_forward(SLEPT_MS)
    until_in_page(page, lambda: pings)
    page.clock.fast_forward(PONG_MS + 1_000)
    until_back(away)
    expect(page.locator("[data-supplies] tr[data-key]")).to_contain_text("USDC", timeout=WAIT)
    until_in_page(page, lambda: [one for one in failed if one.url.endswith("/balances")])
    page.clock.fast_forward(2 * AGAIN_MS)
    left = f"{person.wallet():,.10f}".rstrip("0").rstrip(".")
    expect(wallet).to_have_text(left, timeout=WAIT)


def test_a_trading_page_reads_its_candles_anew_after_it_was_away(
    away: Visit, relay: Relay, person: Person
) -> None:
    page = away.page
    arrive(away, person, "/trading")
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/info") and "candleSnapshot" in (request.post_data or ""):
            asked.append(request.url)

    page.on("request", note)
    relay.cut()
    expect(page.get_by_text("The connection to the server is lost.")).to_be_visible(timeout=WAIT)
    assert asked == []
    relay.mend()
    until_back(away)
    until_in_page(page, lambda: asked)


def test_a_visitor_too_is_told_that_the_network_is_gone(away: Visit, relay: Relay) -> None:
    page = away.page
    page.clock.install()
    page.goto("/oracle")
    page.evaluate("window.isSameDocument = true")
    banner = page.locator("[data-banner]")
    expect(page.locator('[data-price="ETH"]')).to_have_text(re.compile(r"\d"), timeout=WAIT)
    page.context.set_offline(True)
    expect(page.get_by_text("This device is offline.")).to_be_visible(timeout=WAIT)
    page.context.set_offline(False)
    expect(banner).to_be_hidden(timeout=WAIT)
    until_state(page, "idle")
    relay.cut()
    page.clock.fast_forward(ASK_EVERY_MS)
    expect(page.get_by_text("The connection to the server is lost.")).to_be_visible(timeout=WAIT)
    relay.mend()
    page.get_by_role("button", name="Try now").click()
    expect(banner).to_be_hidden(timeout=WAIT)
    until_prices_agree(away)
    assert page.evaluate("window.isSameDocument"), "it was loaded anew"
