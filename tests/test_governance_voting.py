"""Votes: whose power counts, until when, once per user."""

from decimal import Decimal

import pytest

from dualis import errors
from dualis.accounts import votes
from dualis.retry import retried
from governance.proposal_models import Proposal, ProposalEvent, Vote
from tests import governance_world as gw
from tests import lending_market as lm
from tests.governance_world import T0, day, give, holder, propose, vote
from tests.threads import raised, together

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    gw.check()


@pytest.fixture
def proposal():
    return propose(holder("proposer"))


def tally(proposal):
    proposal.refresh_from_db()
    return proposal.votes_for, proposal.votes_against, proposal.votes_abstain


def test_votes_add_up_by_direction(proposal):
    vote(holder("a", "500.5"), proposal)
    vote(holder("b", "20"), proposal, "AGAINST")
    vote(holder("c", "7.123456789"), proposal, "ABSTAIN")
    assert tally(proposal) == (D("500.5"), D(20), D("7.12345678"))
    assert proposal.total_voters == 3


def test_a_vote_counts_while_it_is_before_the_end(proposal):
    vote(holder("a"), proposal, now=day(5, -1e-6))
    with pytest.raises(errors.VotingClosed) as refusal:
        vote(holder("b"), proposal, now=day(5))
    assert refusal.value.details["status"] == "QUORUM_NOT_MET"
    assert proposal.status == "ACTIVE", "nobody has told of the end yet"


def test_another_vote_replaces_the_first_and_the_same_is_refused(proposal):
    ada = holder("ada")
    vote(ada, proposal)
    with pytest.raises(errors.AlreadyVoted):
        vote(ada, proposal)
    changed = vote(ada, proposal, "AGAINST", day(1))
    assert (changed.previous_direction, changed.changed_at) == ("FOR", day(1))
    assert tally(proposal) == (0, 1000, 0) and proposal.total_voters == 1
    event = ProposalEvent.objects.get(event="vote_changed")
    assert event.details["vote"] == {
        "direction": "AGAINST",
        "weight": "1000.00000000",
        "previousDirection": "FOR",
    }


def test_power_is_the_lower_of_creation_and_a_day_before():
    bought, sold, kept = holder("bought", "10"), holder("sold", "1000"), holder("kept", "50")
    give(bought, "990", day(-1, 1))
    give(sold, "-900", T0)
    proposal = propose(holder("proposer"))
    give(kept, "950", day(0, 1))
    for user, weight in ((bought, 10), (sold, 100), (kept, 50)):
        assert vote(user, proposal, now=day(1)).weight == weight
    late = holder("late", "1000", day(-1, 1))
    with pytest.raises(errors.NoVotingPower):
        vote(late, proposal)


def test_power_of_exactly_a_day_counts():
    early = holder("early", "1000", day(-1))
    assert vote(early, propose(holder("proposer"))).weight == 1000


def test_a_delegation_before_the_snapshot_counts_and_one_after_it_does_not():
    giver, taker, other = holder("giver", "300"), holder("taker", "100"), holder("other", "100")
    votes.delegate(giver.id, taker.id, now=day(-2))
    proposal = propose(holder("proposer"))
    votes.undelegate(giver.id, now=day(0, 1))
    votes.delegate(giver.id, other.id, now=day(0, 2))
    assert vote(taker, proposal, now=day(1)).weight == 400
    assert vote(other, proposal, now=day(1)).weight == 100
    with pytest.raises(errors.NoVotingPower):
        vote(giver, proposal, now=day(1))


def test_a_delegation_of_the_last_day_counts_for_nobody():
    giver, taker = holder("giver", "300"), holder("taker", "100")
    votes.delegate(giver.id, taker.id, now=day(-0.5))
    proposal = propose(holder("proposer"))
    assert vote(taker, proposal).weight == 100
    with pytest.raises(errors.NoVotingPower):
        vote(giver, proposal)


@pytest.mark.parametrize(("amount", "is_taken"), [("0.01", True), ("0.009999999", False)])
def test_the_least_weight(proposal, amount, is_taken):
    user = holder("small", amount)
    if is_taken:
        assert vote(user, proposal).weight == D("0.01")
    else:
        with pytest.raises(errors.NoVotingPower):
            vote(user, proposal)
        assert not Vote.objects.exists()


def test_an_unknown_proposal_is_not_found():
    with pytest.raises(errors.ProposalNotFound):
        vote(holder("ada"), Proposal(id="DIP-99"))


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_votes_of_one_user_at_once_one_is_cast(proposal):
    ada = holder("ada")
    results = together(*[lambda: retried(lambda: vote(ada, proposal)) for _ in range(16)])
    refused = raised(results)
    assert len(refused) == 15 and all(isinstance(e, errors.AlreadyVoted) for e in refused)
    assert tally(proposal) == (1000, 0, 0) and Vote.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_votes_of_many_at_once_all_count(proposal):
    voters = [holder(f"v{number}", str(number + 1)) for number in range(8)]
    results = together(*[lambda u=u: retried(lambda: vote(u, proposal)) for u in voters])
    assert not raised(results) and tally(proposal)[0] == 36
    numbers = list(ProposalEvent.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 10)), "an event each, in order"
