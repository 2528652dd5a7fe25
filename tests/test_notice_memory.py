"""Dedup windows and hourly counts: they close, they lapse, they survive being stored."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from dualis.notifications.kinds import Door
from dualis.notifications.memory import Memory

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
CAUTION, DANGER = "HEALTH_FACTOR_CAUTION:brw_1", "HEALTH_FACTOR_DANGER:brw_1"


def later(memory, **span):
    """The memory as it is read from the database some time later."""
    return Memory(json.loads(json.dumps(memory.to_dict())), NOW + timedelta(**span))


def told(*levels):
    memory = Memory({}, NOW)
    for key in levels:
        memory.note(key.partition(":")[0], key, [Door.IN_APP])
    return memory


@pytest.mark.parametrize(
    ("key", "minutes"), [(CAUTION, 360), (DANGER, 120), ("NEW_LOGIN_DEVICE:x", 60)]
)
def test_a_window_holds_its_key_until_it_closes(key, minutes):
    memory = told(key)
    assert memory.is_repeat(key) and not memory.is_repeat(f"{key}2")
    assert later(memory, minutes=minutes, seconds=-1).is_repeat(key)
    assert not later(memory, minutes=minutes).is_repeat(key)


def test_a_kind_without_a_window_is_never_a_repeat():
    assert not told("PASSWORD_CHANGED").is_repeat("PASSWORD_CHANGED")


def test_a_higher_level_opens_the_lower_ones_again_and_only_of_its_position():
    other = "HEALTH_FACTOR_CAUTION:brw_2"
    memory = told(CAUTION, other, DANGER)
    assert not memory.is_repeat(CAUTION)
    assert memory.is_repeat(other) and memory.is_repeat(DANGER)


def test_an_hour_begins_with_its_first_notice_and_counts_by_door():
    memory = told("PASSWORD_CHANGED")
    memory = later(memory, minutes=59)
    memory.note("PASSWORD_CHANGED", "PASSWORD_CHANGED", [Door.IN_APP, Door.EMAIL])
    assert memory.used() == {Door.IN_APP: 2, Door.EMAIL: 1}
    assert later(memory, minutes=60).used() == {Door.EMAIL: 1}


def test_what_has_lapsed_is_forgotten():
    assert later(told(CAUTION, DANGER), hours=7).to_dict() == {"until": {}, "used": {}}
