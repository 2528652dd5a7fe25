"""Governance in the admin: rows are read; the council decides on a page of its own, audited."""

import pytest

from dualis.accounts.models import AuditEntry, Role, User
from governance.lifecycle import ProposalType
from governance.proposal_models import Proposal
from tests import lending_market as lm
from tests import world
from tests.admin_pages import address
from tests.governance_world import PAUSE, holder, propose, vote
from tests.people import PASSWORD, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    lm.opened()


@pytest.fixture
def proposal():
    return propose(holder("ada"), ProposalType.EMERGENCY_ACTION, PAUSE, now=world.now())


def sign_in(client, user):
    client.post("/login", {"email": user.email, "password": PASSWORD, "next": "/admin/"})


@pytest.fixture
def council(client):
    staff = make_staff()
    sign_in(client, staff)
    return staff


def decide(client, proposal, **fields):
    address = f"/admin/governance/proposal/{proposal.id}/decide/"
    return client.post(address, {"is_sure": "on", **fields}, follow=True)


def test_every_page_shows_its_rows(client, council):
    whale = holder("whale")
    vote(whale, propose(whale))
    for page in ("proposal/", "vote/", "proposalevent/", "treasuryaccount/"):
        assert client.get(f"/admin/governance/{page}").status_code == 200, page
    page = client.get("/admin/governance/proposal/DIP-1/change/")
    assert b"Co-sign or veto" in page.content


def test_the_council_co_signs_and_vetoes(client, council, proposal):
    page = client.get(f"/admin/governance/proposal/{proposal.id}/decide/")
    assert proposal.title in page.content.decode()
    assert b"Done." in decide(client, proposal, act="co-sign").content
    assert Proposal.objects.get().status == "ACTIVE"
    decide(client, proposal, act="veto", reason="There is no emergency.")
    assert Proposal.objects.get().status == "VETOED"
    actions = list(AuditEntry.objects.order_by("id").values_list("action", "actor"))
    assert actions[-2:] == [
        ("governance.co_sign", council.id),
        ("governance.veto", council.id),
    ]
    page = client.get(address("governance_proposal", "change", proposal.id))
    assert b"Co-sign or veto" not in page.content


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"act": "veto", "reason": "short"}, "10 to 500 characters"),
        ({"act": "veto", "reason": "There is no emergency.", "is_sure": ""}, "required"),
        ({"act": "execute"}, "valid choice"),
    ],
)
def test_a_decision_that_is_refused_changes_nothing(client, council, proposal, fields, said):
    if fields.get("is_sure") == "":
        fields = {**fields, "is_sure": ""}
    page = decide(client, proposal, **fields)
    assert said in page.content.decode()
    assert Proposal.objects.get().status == "DRAFT"


def test_an_unknown_proposal_leads_to_the_list(client, council):
    page = decide(client, Proposal(id="DIP-9"), act="co-sign")
    assert "There is no proposal DIP-9." in page.content.decode()


def test_staff_without_the_right_may_only_look(client, proposal):
    staff = User.objects.create_user("clerk@example.com", PASSWORD, role=Role.ADMIN)
    sign_in(client, staff)
    assert decide(client, proposal, act="co-sign").status_code == 403
    assert Proposal.objects.get().status == "DRAFT"
