"""Creating, co-signing, cancelling, vetoing: what it costs, who may, what is refused."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dualis import errors
from dualis.accounts.models import AuditEntry
from governance import proposals, timing
from governance.lifecycle import ProposalType
from governance.proposal_models import Proposal
from realtime import journal
from tests import governance_world as gw
from tests import lending_market as lm
from tests import people, world
from tests.governance_world import KINK, PAUSE, T0, WHY, day, give, holder, propose, run, vote
from tests.lending_market import wallet
from tests.threads import raised, together

pytestmark = pytest.mark.django_db
EMERGENCY = ProposalType.EMERGENCY_ACTION


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    lm.check()
    gw.check()


@pytest.fixture
def ada():
    return holder("ada")


@pytest.fixture
def by():
    return {"actor": people.make_staff(), "address": "192.0.2.9", "now": T0}


def last_event():
    return journal.since(0, channels=["governance"])[-1]


def test_a_proposal_takes_a_number_a_deposit_and_the_specs_clocks(ada):
    proposal = propose(ada)
    assert (proposal.id, proposal.status) == ("DIP-1", "ACTIVE")
    assert wallet(ada, "DUAL") == 900
    assert (proposal.voting_ends_at, proposal.timelock_ends_at) == (day(5), day(7))
    assert proposal.deadline_at == day(14)
    assert proposal.payload["currentValue"] == "0.8"
    assert propose(holder("bob")).id == "DIP-2"


def test_the_threshold_is_held_besides_the_deposit():
    poor = holder("poor", "199.99")
    with pytest.raises(errors.BelowProposalThreshold) as refusal:
        propose(poor)
    assert refusal.value.details["balance"] == "199.99"
    give(poor, "0.01")
    proposal = propose(poor)
    with pytest.raises(errors.Forbidden):
        proposals.cancel(holder("other").id, proposal.id, now=T0)


def test_a_proposer_has_one_open_proposal(ada):
    first = propose(ada)
    with pytest.raises(errors.ProposalOpen) as refusal:
        propose(ada, EMERGENCY, PAUSE)
    assert refusal.value.details == {"proposalId": first.id}
    # judged by time: the engine has not been there
    assert propose(ada, now=day(5)).id == "DIP-2"
    with pytest.raises(errors.ProposalOpen):
        propose(ada, now=day(10, -1))


def test_ten_places_are_open_and_emergencies_take_none():
    holders = [holder(f"h{number}") for number in range(12)]
    propose(holders[0], EMERGENCY, PAUSE)
    for user in holders[1:11]:
        propose(user)
    with pytest.raises(errors.TooManyProposals):
        propose(holders[11])
    propose(holders[11], EMERGENCY, PAUSE)
    run(day(5))
    assert propose(holders[1], now=day(5))


@pytest.mark.django_db(transaction=True)
def test_of_one_proposer_twice_at_once_one_is_open(ada):
    bob = holder("bob")
    results = together(*[lambda u=u: propose(u) for u in (ada, ada, bob)])
    (refused,) = raised(results)
    assert isinstance(refused, errors.ProposalOpen)
    assert sorted(Proposal.objects.values_list("number", flat=True)) == [1, 2]


def test_a_refused_proposal_changes_nothing(ada):
    before = journal.position().seq
    with pytest.raises(errors.ValidationError):
        propose(ada, data=KINK | {"proposedValue": "1.5"})
    assert journal.position().seq == before and wallet(ada, "DUAL") == 1000
    assert not Proposal.objects.exists()


@pytest.mark.parametrize(
    ("number", "change", "refusal"),
    [
        (1, {"parameter": "veto"}, errors.ValidationError),
        (2, {"poolId": "nothing"}, errors.PoolNotFound),
        (3, {"proposedValue": "0.8"}, errors.ValidationError),
        (4, {"currentValue": "0.7"}, errors.ValidationError),
    ],
)
def test_what_the_market_does_not_take_is_refused(ada, number, change, refusal):
    with pytest.raises(refusal):
        propose(ada, data=KINK | change)


# --- co-signing --------------------------------------------------------------------------------
def test_an_emergency_is_a_draft_until_the_council_signs(ada, by):
    proposal = propose(ada, EMERGENCY, PAUSE)
    assert proposal.status == "DRAFT"
    with pytest.raises(errors.VotingClosed):
        vote(ada, proposal)
    by["now"] = day(0.5)
    signed = proposals.co_sign(proposal.id, **by)
    assert (signed.status, signed.voting_ends_at) == ("ACTIVE", day(1.5))
    assert signed.deadline_at == day(8.5)
    vote(ada, proposal, now=day(1.5, -1))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target) == ("governance.co_sign", "DIP-1")
    with pytest.raises(errors.ProposalNotDraft):
        proposals.co_sign(proposal.id, **by)


def test_a_draft_that_nobody_signs_expires_and_returns_the_deposit(ada, by):
    proposal = propose(ada, EMERGENCY, PAUSE)
    by["now"] = day(1)
    with pytest.raises(errors.ProposalNotDraft):
        proposals.co_sign(proposal.id, **by)
    run(day(1, -1))
    proposal.refresh_from_db()
    assert proposal.status == "DRAFT"
    run(day(1))
    proposal.refresh_from_db()
    assert (proposal.status, wallet(ada, "DUAL")) == ("EXPIRED", 1000)


def test_nobody_co_signs_his_own_proposal(by):
    give(by["actor"], "1000")
    proposal = propose(by["actor"], EMERGENCY, PAUSE)
    with pytest.raises(errors.Forbidden):
        proposals.co_sign(proposal.id, **by)


# --- ending early ------------------------------------------------------------------------------
def test_the_proposer_cancels_and_has_the_deposit_back(ada):
    proposal = propose(ada)
    ended = proposals.cancel(ada.id, proposal.id, now=day(1))
    assert (ended.status, ended.ended_at, ended.due_at) == ("CANCELLED", day(1), None)
    assert wallet(ada, "DUAL") == 1000
    assert '"event":"proposal_cancelled"' in last_event().text
    with pytest.raises(errors.ProposalEnded):
        proposals.cancel(ada.id, proposal.id, now=day(1))
    with pytest.raises(errors.VotingClosed):
        vote(ada, proposal, now=day(1))


def test_anybody_cancels_once_the_proposer_falls_below_the_threshold(ada):
    other, proposal = holder("other"), propose(ada)
    give(ada, "-800", T0)
    with pytest.raises(errors.Forbidden):
        proposals.cancel(other.id, proposal.id, now=T0)
    give(ada, "-0.01", T0)
    ended = proposals.cancel(other.id, proposal.id, now=T0)
    assert (ended.status, ended.end_reason) == ("CANCELLED", proposals.BELOW_THRESHOLD)
    assert wallet(ada, "DUAL") == Decimal("199.99")


@pytest.mark.parametrize("moment", [0, 6, 8])
def test_the_council_vetoes_until_execution(by, moment):
    whale = holder("whale", "200000000")
    proposal = propose(whale)
    vote(whale, proposal)
    by["now"] = day(moment)
    ended = proposals.veto(proposal.id, "This drains the pool.", **by)
    assert (ended.status, ended.end_reason) == ("VETOED", "This drains the pool.")
    assert wallet(whale, "DUAL") == 200_000_000
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.details) == (
        "governance.veto",
        {"reason": "This drains the pool."},
    )
    with pytest.raises(errors.ProposalEnded):
        proposals.veto(proposal.id, "This drains the pool.", **by)


@pytest.mark.parametrize("reason", ["too short", " " * 20, "x" * 501])
def test_a_veto_needs_a_reason(ada, by, reason):
    proposal = propose(ada)
    with pytest.raises(errors.ValidationError):
        proposals.veto(proposal.id, reason, **by)


def test_what_has_ended_by_time_is_neither_cancelled_nor_vetoed(ada, by):
    proposal = propose(ada)
    by["now"] = day(5)
    for act in (
        lambda: proposals.cancel(ada.id, proposal.id, now=day(5)),
        lambda: proposals.veto(proposal.id, WHY, **by),
    ):
        with pytest.raises(errors.ProposalEnded) as refusal:
            act()
        assert refusal.value.details["status"] == "QUORUM_NOT_MET"


def test_unknown_proposals_are_not_found(ada, by):
    for act in (
        lambda: proposals.cancel(ada.id, "DIP-9", now=T0),
        lambda: proposals.veto("DIP-9", WHY, **by),
        lambda: proposals.co_sign("DIP-9", **by),
    ):
        with pytest.raises(errors.ProposalNotFound):
            act()


def test_the_scale_shortens_clocks_and_looks_back(ada, settings):
    settings.GOVERNANCE_TIME_SCALE = 1440
    proposal = propose(ada)
    assert proposal.voting_ends_at == T0 + timedelta(minutes=5)
    assert timing.span(timedelta(hours=24)) == timedelta(minutes=1)


def test_a_new_user_has_neither_threshold_nor_vote(ada):
    nobody = world.user("nobody")
    with pytest.raises(errors.BelowProposalThreshold):
        propose(nobody)
    with pytest.raises(errors.NoVotingPower):
        vote(nobody, propose(ada))
