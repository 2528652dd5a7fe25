"""What is told through which door: the whole order of spec 8, as a table."""

import pytest

from dualis.notifications.choices import Choices
from dualis.notifications.kinds import KINDS, Door
from dualis.notifications.rules import LADDER, LIMITS, doors, lower_keys

A, E, H = Door.IN_APP, Door.EMAIL, Door.WEBHOOK
ALL_ON = {"webhook": True, "governance": True}
FULL = dict(LIMITS)


@pytest.mark.parametrize(
    ("type", "choices", "expected"),
    [
        # by default: the doors of the kind, without webhooks
        ("HEALTH_FACTOR_CAUTION", {}, {A}),
        ("HEALTH_FACTOR_DANGER", {}, {A, E}),
        ("HEALTH_FACTOR_CRITICAL", {}, {A, E}),
        ("HEALTH_FACTOR_CRITICAL", ALL_ON, {A, E, H}),
        ("PROTOCOL_PAUSED", ALL_ON, {A, E, H}),
        ("ORACLE_STALE_PRICE", ALL_ON, {A}),
        # a category that is off: nothing, but what is critical is still kept in the app
        ("HEALTH_FACTOR_DANGER", {"financial": False}, set()),
        ("HEALTH_FACTOR_CRITICAL", {"financial": False}, {A}),
        ("PASSWORD_CHANGED", {"auth": False}, set()),
        ("PROPOSAL_PASSED", {}, set()),
        ("PROPOSAL_PASSED", {"governance": True}, {A, E}),
        # system: always
        ("PROTOCOL_RESUMED", {"financial": False, "auth": False, "governance": False}, {A, E}),
        # single switches
        ("RATE_CHANGE_SIGNIFICANT", {"rate_changes": False}, set()),
        ("RATE_CHANGE_SIGNIFICANT", {"financial": False}, set()),
        ("INTEREST_MILESTONE", {}, {A}),
        ("INTEREST_MILESTONE", {"interest_milestones": False}, set()),
        ("NEW_LOGIN_DEVICE", {"new_login_alerts": False}, set()),
        ("PASSWORD_CHANGED", {"new_login_alerts": False}, {A, E}),
        # doors that are closed
        ("HEALTH_FACTOR_DANGER", {"email": False}, {A}),
        ("HEALTH_FACTOR_DANGER", {"in_app": False}, {E}),
        ("HEALTH_FACTOR_CAUTION", {"in_app": False}, set()),
        ("HEALTH_FACTOR_CRITICAL", {"in_app": False, "email": False}, {A}),
        ("PROTOCOL_RESUMED", {"in_app": False, "email": False}, {A}),
    ],
)
def test_a_notice_leaves_by_the_doors_its_kind_has_and_its_user_left_open(type, choices, expected):
    assert doors(type, Choices(**choices), is_repeat=False, used={}) == expected


@pytest.mark.parametrize("type", sorted(KINDS))
def test_a_repeat_leaves_by_no_door(type):
    assert doors(type, Choices(**ALL_ON), is_repeat=True, used={}) == set()


@pytest.mark.parametrize(
    ("type", "used", "expected"),
    [
        ("PASSWORD_CHANGED", {E: LIMITS[E] - 1}, {A, E}),
        ("PASSWORD_CHANGED", {E: LIMITS[E]}, {A}),
        ("PASSWORD_CHANGED", {A: LIMITS[A]}, {E}),
        ("PASSWORD_CHANGED", FULL, set()),
        ("AUTO_PROTECT_EXECUTED", {H: LIMITS[H]}, {A, E}),
        ("PROTOCOL_RESUMED", FULL, set()),
        ("HEALTH_FACTOR_CRITICAL", FULL, {A, E, H}),
    ],
)
def test_a_full_hour_closes_a_door_to_all_but_the_critical(type, used, expected):
    assert doors(type, Choices(**ALL_ON), is_repeat=False, used=used) == expected


def test_the_limits_are_those_of_the_page():
    assert {A: 200, E: 10, H: 100} == LIMITS


@pytest.mark.parametrize(
    ("type", "key", "expected"),
    [
        ("HEALTH_FACTOR_CAUTION", "HEALTH_FACTOR_CAUTION:brw_1", ()),
        ("HEALTH_FACTOR_DANGER", "HEALTH_FACTOR_DANGER:brw_1", ("HEALTH_FACTOR_CAUTION:brw_1",)),
        ("LIQUIDATION_WARNING", "LIQUIDATION_WARNING", LADDER[:3]),
        ("LIQUIDATION_WARNING", "a key of its own", ()),
        ("PASSWORD_CHANGED", "PASSWORD_CHANGED", ()),
    ],
)
def test_a_level_opens_the_lower_ones_of_its_position(type, key, expected):
    assert lower_keys(type, key) == expected
