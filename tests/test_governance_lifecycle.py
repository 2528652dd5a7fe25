"""Statuses by time, at each deadline and a second beside it."""

from datetime import UTC, datetime, timedelta

import pytest

from governance import lifecycle
from governance.lifecycle import OPEN, ProposalType, Status
from governance.tally import Outcome

T0 = datetime(2026, 3, 1, tzinfo=UTC)
S = timedelta(seconds=1)
CHANGE = lifecycle.times(ProposalType.PARAMETER_CHANGE, T0)
EMERGENCY = lifecycle.times(ProposalType.EMERGENCY_ACTION, T0)
PASSED, REJECTED, MISSED = Outcome.PASSED, Outcome.REJECTED, Outcome.QUORUM_NOT_MET


def day(number):
    return T0.replace(day=number)


def test_the_specs_timeline_of_a_parameter_change():
    assert CHANGE.vote_warning_at == day(5)
    assert (CHANGE.voting_ends_at, CHANGE.timelock_ends_at) == (day(6), day(8))
    assert (CHANGE.expiry_warning_at, CHANGE.deadline_at) == (day(13), day(15))


@pytest.mark.parametrize(
    ("kind", "percent", "days", "hours"),
    [
        ("PARAMETER_CHANGE", 10, 5, 48),
        ("NEW_POOL", 15, 7, 48),
        ("POOL_DEPRECATION", 20, 7, 72),
        ("COLLATERAL_ADD", 15, 7, 48),
        ("COLLATERAL_REMOVE", 20, 7, 72),
        ("TREASURY_SPEND", 25, 7, 72),
        ("EMERGENCY_ACTION", 5, 1, 0),
        ("PROTOCOL_UPGRADE", 20, 7, 96),
        ("FEE_CHANGE", 10, 5, 48),
        ("ORACLE_CONFIG", 15, 5, 48),
    ],
)
def test_each_type_has_the_specs_quorum_and_clocks(kind, percent, days, hours):
    terms = lifecycle.TERMS[ProposalType(kind)]
    found = (terms.quorum_percent, terms.voting, terms.timelock)
    assert found == (percent, timedelta(days=days), timedelta(hours=hours))


@pytest.mark.parametrize(
    ("moment", "outcome", "status"),
    [
        (day(6) - S, PASSED, "ACTIVE"),
        (day(6) - S, MISSED, "ACTIVE"),
        (day(6), MISSED, "QUORUM_NOT_MET"),
        (day(6) + S, MISSED, "QUORUM_NOT_MET"),
        (day(6), REJECTED, "REJECTED"),
        (day(20), REJECTED, "REJECTED"),
        (day(6), PASSED, "TIMELOCK"),
        (day(6) + S, PASSED, "TIMELOCK"),
        (day(8) - S, PASSED, "TIMELOCK"),
        (day(8), PASSED, "READY"),
        (day(8) + S, PASSED, "READY"),
        (day(15) - S, PASSED, "READY"),
        (day(15), PASSED, "READY"),
        (day(15) + timedelta(microseconds=1), PASSED, "EXPIRED"),
        (day(15) + S, PASSED, "EXPIRED"),
    ],
)
def test_status_by_time(moment, outcome, status):
    assert lifecycle.status_at(Status.ACTIVE, CHANGE, outcome, moment) == status


def test_every_status_on_the_way_is_reached_once_and_in_order():
    path = lifecycle.reached(Status.ACTIVE, CHANGE, PASSED, day(16))
    assert path == ["PASSED", "TIMELOCK", "READY", "EXPIRED"]
    assert lifecycle.reached(Status.TIMELOCK, CHANGE, PASSED, day(8)) == ["READY"]


def test_an_emergency_has_no_timelock():
    assert lifecycle.reached(Status.ACTIVE, EMERGENCY, PASSED, day(2)) == ["PASSED", "READY"]


@pytest.mark.parametrize(("moment", "status"), [(day(2) - S, "DRAFT"), (day(2), "EXPIRED")])
def test_a_draft_that_nobody_co_signs_expires(moment, status):
    assert lifecycle.status_at(Status.DRAFT, EMERGENCY, MISSED, moment) == status


@pytest.mark.parametrize("status", sorted(lifecycle.ENDED))
def test_what_has_ended_stays_and_is_never_due(status):
    assert lifecycle.reached(status, CHANGE, PASSED, day(30)) == []
    assert lifecycle.next_due(status, CHANGE, T0) is None


@pytest.mark.parametrize(
    ("status", "moment", "due"),
    [
        ("ACTIVE", T0, day(5)),
        ("ACTIVE", day(5), day(6)),
        ("TIMELOCK", day(6), day(8)),
        ("READY", day(8), day(13)),
        ("READY", day(13), day(15) + timedelta(microseconds=1)),
    ],
)
def test_next_due(status, moment, due):
    assert lifecycle.next_due(Status(status), CHANGE, moment) == due


def test_an_emergency_vote_of_one_day_has_no_warning_a_day_ahead():
    assert EMERGENCY.vote_warning_at is None
    assert lifecycle.next_due(Status.ACTIVE, EMERGENCY, T0) == day(2)
    assert lifecycle.next_due(Status.DRAFT, EMERGENCY, T0) == day(2)


def test_scale_shortens_every_clock():
    fast = lifecycle.times(ProposalType.PARAMETER_CHANGE, T0, 1440)
    assert fast.voting_ends_at - T0 == timedelta(minutes=5)
    assert fast.timelock_ends_at - fast.voting_ends_at == timedelta(minutes=2)
    assert fast.deadline_at - fast.timelock_ends_at == timedelta(minutes=7)
    assert fast.deadline_at - fast.expiry_warning_at == timedelta(minutes=2)
    assert fast.voting_ends_at - fast.vote_warning_at == timedelta(minutes=1)


def test_every_status_is_open_waiting_passed_or_ended():
    assert len(Status) == len(lifecycle.LIVE) + len(lifecycle.ENDED) + 1
    assert {"DRAFT", "ACTIVE"} == OPEN
