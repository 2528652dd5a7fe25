"""What time does: statuses at each deadline, deposits, warnings; each told once."""

import json

import pytest

from dualis.lending import parameters
from dualis.notifications.models import Notification
from governance import deadlines, execution, treasury
from governance.proposal_models import Announcement, Proposal
from realtime import journal
from tests import governance_world as gw
from tests import lending_market as lm
from tests.governance_world import T0, day, holder, propose, run, tell_all, vote
from tests.lending_market import wallet
from tests.threads import raised, together

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    lm.check()
    gw.check()


@pytest.fixture
def whale():
    return holder("whale", "200000000")


@pytest.fixture
def proposal(whale):
    made = propose(whale)
    vote(whale, made)
    return made


def told(proposal):
    """Return the statuses that the channel told, in order."""
    events = journal.since(0, channels=["governance"])
    rows = [json.loads(event.text) for event in events if event.key == proposal.id]
    return [row["status"] for row in rows if row["event"] == "proposal_status"]


def status(proposal):
    proposal.refresh_from_db()
    return proposal.status


def kinds(user):
    return sorted(Notification.objects.filter(user=user).values_list("type", flat=True))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (day(5, -1), []),
        (day(5), ["PASSED", "TIMELOCK"]),
        (day(5, 1), ["PASSED", "TIMELOCK"]),
        (day(7, -1), ["PASSED", "TIMELOCK"]),
        (day(7), ["PASSED", "TIMELOCK", "READY"]),
        (day(14), ["PASSED", "TIMELOCK", "READY"]),
        (day(14, 1), ["PASSED", "TIMELOCK", "READY", "EXPIRED"]),
    ],
)
def test_the_engine_tells_what_was_reached_however_late_it_comes(proposal, moment, expected):
    run(moment)
    assert told(proposal) == expected
    run(moment)
    assert told(proposal) == expected, "and tells it once"


def test_a_proposal_walks_through_its_deadlines(proposal):
    walked = []
    for second in (-1, 0, 1):
        for number in (5, 7, 14):
            walked.append((number, second))
    found = {}
    for number, second in sorted(walked):
        run(day(number, second))
        found[number, second] = status(proposal)
    assert found == {
        (5, -1): "ACTIVE",
        (5, 0): "TIMELOCK",
        (5, 1): "TIMELOCK",
        (7, -1): "TIMELOCK",
        (7, 0): "READY",
        (7, 1): "READY",
        (14, -1): "READY",
        (14, 0): "READY",
        (14, 1): "EXPIRED",
    }
    assert proposal.due_at is None and proposal.ended_at == day(14, 1)


def test_the_deposit_comes_back_with_the_quorum(proposal, whale):
    run(day(5))
    assert wallet(whale, "DUAL") == 200_000_000
    assert status(proposal) == "TIMELOCK" and proposal.deposit_state == "returned"


def test_the_deposit_of_a_rejected_proposal_comes_back(whale):
    made = propose(whale)
    vote(whale, made, "AGAINST")
    vote(holder("other", "150000000"), made, "ABSTAIN")
    run(day(5))
    assert (status(made), made.deposit_state) == ("REJECTED", "returned")
    assert wallet(whale, "DUAL") == 200_000_000


def test_the_deposit_of_a_missed_quorum_goes_to_the_treasury():
    ada = holder("ada")
    made = propose(ada)
    vote(ada, made)
    run(day(5))
    assert (status(made), made.deposit_state) == ("QUORUM_NOT_MET", "forfeited")
    assert wallet(ada, "DUAL") == 900 and treasury.holds("DUAL") == 100


def test_several_proposals_are_due_at_once(whale):
    made = [propose(whale), *[propose(holder(f"h{n}")) for n in range(3)]]
    vote(whale, made[0])
    assert deadlines.run(day(5)) == 4
    assert [status(row) for row in made] == ["TIMELOCK"] + ["QUORUM_NOT_MET"] * 3
    assert treasury.holds("DUAL") == 300


@pytest.mark.django_db(transaction=True)
def test_two_engines_tell_each_status_once(proposal, whale):
    results = together(lambda: run(day(7)), lambda: run(day(7)), lambda: run(day(7)))
    assert not raised(results)
    assert told(proposal) == ["PASSED", "TIMELOCK", "READY"]
    assert wallet(whale, "DUAL") == 200_000_000


# --- notices -----------------------------------------------------------------------------------
def test_proposer_and_voters_are_told_once_of_each_thing(proposal, whale):
    voter = holder("voter")
    vote(voter, proposal)
    expected = ["PROPOSAL_CREATED", "PROPOSAL_VOTED"]
    for moment, kind in [
        (T0, None),
        (day(4, -1), None),
        (day(4), "VOTE_DEADLINE_24H"),
        (day(5), "PROPOSAL_PASSED"),
        (day(7), None),
        (day(12, -1), None),
        (day(12), "PROPOSAL_EXPIRING"),
        (day(14, 1), None),
    ]:
        run(moment)
        run(moment)
        tell_all(moment)
        expected += [kind] if kind else []
        assert kinds(whale) == sorted(expected), moment
    assert kinds(voter) == ["PROPOSAL_EXPIRING", "PROPOSAL_PASSED", "VOTE_DEADLINE_24H"]
    notice = Notification.objects.filter(user=voter).order_by("created_at").first()
    assert notice.title == "Vote about to end" and notice.link == "/governance/DIP-1"
    assert notice.message == "DIP-1, Move the kink of the USDC pool: the vote ends soon."
    assert notice.data == {"proposalId": "DIP-1"}


def test_a_warning_that_is_overtaken_is_not_sent(proposal, whale):
    run(day(7))
    tell_all(day(7))
    assert "VOTE_DEADLINE_24H" not in kinds(whale)


def test_a_vote_between_the_warning_and_the_engine_does_not_hide_it(proposal, whale):
    voter = holder("voter")
    vote(voter, proposal, now=day(4, 1))
    run(day(4, 2))
    tell_all(day(4, 2))
    assert kinds(voter) == ["VOTE_DEADLINE_24H"]


def test_the_warning_of_an_expiry_survives_a_failed_execution(proposal, whale):
    run(day(7))
    parameters.change("usdc-main", {"kink": "0.85"}, now=day(8))
    found = execution.execute(whale.id, proposal.id, now=day(12, 1))
    assert found.execution["result"] == "failed"
    run(day(12, 2))
    tell_all(day(12, 2))
    assert "PROPOSAL_EXPIRING" in kinds(whale)


def test_many_voters_are_told_some_at_a_time(proposal, whale, monkeypatch):
    monkeypatch.setattr(deadlines, "VOTERS_A_STEP", 2)
    voters = [holder(f"v{number}") for number in range(5)]
    for voter in voters:
        vote(voter, proposal)
    run(day(5))
    while Announcement.objects.count() > 1:  # what the proposer alone is told
        deadlines.tell_people(day(5))
    steps = 0
    while deadlines.tell_people(day(5)):
        steps += 1
    assert steps == 4, "six votes by two, and a step that finds none left"
    for voter in voters:
        assert kinds(voter) == ["PROPOSAL_PASSED"]
    assert kinds(whale).count("PROPOSAL_PASSED") == 1
    assert Proposal.objects.get().status == "TIMELOCK"


def test_missing_the_quorum_is_told_the_proposer():
    ada = holder("ada")
    propose(ada)
    run(day(5))
    tell_all(day(5))
    assert kinds(ada) == ["PROPOSAL_CREATED", "PROPOSAL_REJECTED"]
    assert "missed its quorum" in Notification.objects.get(type="PROPOSAL_REJECTED").message
