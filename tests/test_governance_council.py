"""The council's acts in a real browser: its signature on the page, its veto in the admin."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from dualis.accounts.demo import STAFF_PASSWORD
from governance import proposals
from governance.lifecycle import ProposalType
from governance.proposal_models import Proposal
from tests import governance_world as gw
from tests.visits import WAIT, Server, Visit, send

pytestmark = pytest.mark.browser
OPEN, DRAFT = "A kink to be vetoed", "Pause the SPY pool for now"
PAUSE = {"action": "PAUSE_POOL", "targetPoolId": "spy-2026", "reason": gw.WHY}
KINK = {**gw.KINK, "poolId": "eth-main"}  # which no voter of the demo market changes
ADMIN = "admin@dualis.finance"


def make(
    name: str, dual: str, kind: ProposalType, data: dict[str, str], title: str, at: datetime
) -> Proposal:
    by = gw.holder(name, dual).id
    return proposals.create(by, kind, data, title=title, description=gw.WHY, now=at)


def make_two_for_the_council() -> None:
    """Make an emergency and an ordinary one, with minutes left in which to decide."""
    at = timezone.now() + timedelta(minutes=2)
    make("proposer", "1000", ProposalType.EMERGENCY_ACTION, PAUSE, DRAFT, at)
    make("other", "1000", ProposalType.PARAMETER_CHANGE, KINK, OPEN, at)


def open_proposal(page: Page, title: str) -> str:
    """Go from the list to a proposal; return its id."""
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("link", name=title).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title, timeout=WAIT)
    return page.url.rsplit("/", 1)[1]


def test_the_council_co_signs_on_the_page_and_vetoes_in_the_admin(
    server: Server, visit: Visit, second: Visit
) -> None:
    server.call("tests.test_governance_council:make_two_for_the_council")
    second.sign_in(to="/governance", email="supplier@dualis.finance")
    open_proposal(second.page, DRAFT)
    second.until_live()
    expect(second.page.get_by_role("group", name="Vote")).to_be_hidden(timeout=WAIT)
    for act in ("Co-sign", "Veto"):
        expect(second.page.get_by_role("button", name=act, exact=True)).to_have_count(0)

    visit.sign_in(STAFF_PASSWORD, to="/governance", email=ADMIN)
    page = visit.page
    open_proposal(page, DRAFT)
    page.get_by_role("button", name="Co-sign", exact=True).click()
    send(page, "Co-sign")
    expect(second.page.get_by_text("Vote open").first).to_be_visible(timeout=WAIT)

    for one in (second.page, page):
        one.goto("/governance")
        proposal_id = open_proposal(one, OPEN)
    second.until_live()
    page.get_by_role("button", name="Veto", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("No")
    dialog.get_by_role("button", name="Veto", exact=True).click()
    expect(dialog.get_by_role("alert")).to_be_visible(timeout=WAIT)
    dialog.get_by_role("button", name="Cancel").click()

    page.goto(f"/admin/governance/proposal/{proposal_id}/change/")
    page.get_by_role("link", name="Co-sign or veto").click()
    page.get_by_label("Act").select_option("veto")
    page.get_by_label("Reason").fill("The pool is sound; nothing is urgent.")
    page.get_by_label("I have read the proposal and am sure.").check()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Done.")).to_be_visible(timeout=WAIT)
    expect(second.page.get_by_text("Vetoed").first).to_be_visible(timeout=WAIT)
    expect(second.page.get_by_text("nothing is urgent").first).to_be_visible(timeout=WAIT)
    expect(second.page.get_by_role("group", name="Vote")).to_be_hidden(timeout=WAIT)
