"""When the market came back: tables of ticks, freezes and what is counted since."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dualis.lending import grace

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def at(seconds):
    return T0 + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("before", "now", "passed"),
    [
        (None, at(0), 0),
        (at(0), at(1.5), Decimal("1.5")),
        (at(0), at(60), 60),
        (at(0), at(60.000001), 0),
        (at(1), at(0), 0),
    ],
)
def test_clocks_move_by_the_time_between_two_ticks_and_not_by_an_outage(before, now, passed):
    assert grace.ticked_seconds(before, now) == passed


def test_a_freeze_is_kept_while_it_lasts_and_after_it_if_it_was_long():
    known = grace.freezes_after({}, ["ETH", "BTC"], at(0))
    known = grace.freezes_after(known, ["ETH"], at(60))
    assert set(known) == {"ETH"}, "a minute of BTC is forgotten"
    known = grace.freezes_after(known, [], at(120))
    assert known["ETH"]["until"] == at(120).isoformat()
    assert grace.freezes_after(known, [], at(999)) == known


def test_a_short_freeze_after_a_long_one_takes_nothing_of_its_grace():
    known = grace.freezes_after({}, ["ETH"], at(0))
    known = ended = grace.freezes_after(known, [], at(120))
    known = grace.freezes_after(known, ["ETH"], at(130))
    assert known["ETH"] == {"since": at(130).isoformat(), "until": at(120).isoformat()}
    assert grace.since_outage(None, known, ["ETH"], at(140)) == 20
    assert grace.freezes_after(known, [], at(140)) == ended
    again = grace.freezes_after(known, [], at(250))
    assert grace.since_outage(None, again, ["ETH"], at(251)) == 1


def test_what_came_back_last_counts():
    freezes = {"ETH": {"since": at(0).isoformat(), "until": at(200).isoformat()}}
    assert grace.since_outage(None, {}, ["ETH"], at(300)) is None
    assert grace.since_outage(None, freezes, ["BTC"], at(300)) is None
    assert grace.since_outage(None, freezes, ["ETH"], at(300)) == 100
    assert grace.since_outage(at(250), freezes, ["ETH"], at(300)) == 50
    assert grace.since_outage(at(250), freezes, ["BTC"], at(300)) == 50


def test_a_freeze_that_lasts_is_no_end():
    freezes = {"ETH": {"since": at(0).isoformat(), "until": None}}
    assert grace.since_outage(None, freezes, ["ETH"], at(300)) is None
