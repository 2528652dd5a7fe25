"""Yields that changed and caps that are near: who is told, when, and how often."""

from decimal import Decimal
from functools import partial

import pytest

from dualis.lending import pool_alerts, supplying
from dualis.lending.models import Pool, PoolAlert, PoolWatch
from dualis.notifications.models import Notification
from tests import liquidation_market as lqm
from tests import world as people
from tests.lending_market import T0, after, rich
from tests.threads import raised, together

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal


@pytest.fixture(autouse=True)
def borrower():
    user, _ = lqm.opened()
    pool_alerts.look(T0)
    return user


def pool(**fields):
    row = Pool.objects.get(id="usdc-main")
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    return row


def tell_all(now):
    while pool_alerts.tell(now) or PoolAlert.objects.exists():
        pass


def told(now):
    """Return (type, local part of the address) of all who were told."""
    tell_all(now)
    rows = Notification.objects.values_list("type", "user__email").order_by("type", "user__email")
    return [(type, email.removesuffix("@example.com")) for type, email in rows]


def rate_of(name, change):
    """Let the sampled yield differ from that of now by `change`."""
    row = PoolWatch.objects.get(pool_id="usdc-main")
    setattr(row, name, getattr(row, name) + change)
    row.save()


# --- yields ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("supply_apy", "0.010001", ["lender"]),
        ("supply_apy", "-0.010001", ["lender"]),
        ("supply_apy", "0.01", []),
        ("borrow_apy", "-0.03", ["borrower"]),
        ("borrow_apy", "0.01", []),
    ],
)
def test_a_change_of_more_than_a_point_is_told_to_who_is_in_the_pool(name, change, expected):
    rate_of(name, D(change))
    pool_alerts.look(after(hours=6))
    assert told(after(hours=6)) == [("RATE_CHANGE_SIGNIFICANT", user) for user in expected]


def test_a_change_says_from_where_to_where():
    seen = PoolWatch.objects.get(pool_id="usdc-main")
    rate_of("borrow_apy", D("0.03"))
    pool_alerts.look(after(hours=6))
    tell_all(after(hours=6))
    row = Notification.objects.get()
    before, now = float(seen.borrow_apy + D("0.03")), float(seen.borrow_apy)
    data = {"poolId": "usdc-main", "side": "borrow", "before": before, "after": now}
    assert row.data == data and row.link == "/borrow"
    assert row.message == (
        f"The borrow APY of usdc-main went from {int(before * 10_000) / 100:.2f} % to"
        f" {int(now * 10_000) / 100:.2f} %."
    )


def test_samples_are_six_hours_apart():
    rate_of("supply_apy", D("0.02"))
    pool_alerts.look(after(hours=5, minutes=59))
    assert not PoolAlert.objects.exists()
    pool_alerts.look(after(hours=6))
    pool_alerts.look(after(hours=12))
    assert told(after(hours=12)) == [("RATE_CHANGE_SIGNIFICANT", "lender")]


# --- caps ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cap", "value", "type", "user"),
    [
        ("supply_cap_usd", 500_000, "SUPPLY_CAP_APPROACHING", "lender"),
        ("borrow_cap_usd", 15_000, "BORROW_CAP_APPROACHING", "borrower"),
    ],
)
def test_a_cap_is_told_from_nine_tenths_and_again_only_after_it_was_clear(cap, value, type, user):
    people.user("boss", role="admin")
    pool(**{cap: D(value) / D("0.8999")})
    pool_alerts.look(after(minutes=1))
    assert told(after(minutes=1)) == []
    pool(**{cap: D(value) / D("0.9001")})
    pool_alerts.look(after(minutes=2))
    both = sorted([(type, "boss"), (type, user)])
    assert told(after(minutes=2)) == both
    for hours, share in ((7, "0.95"), (8, "0.851"), (9, "0.95")):
        pool(**{cap: D(value) / D(share)})
        pool_alerts.look(after(hours=hours))
    assert told(after(hours=9)) == both, "it has been near all the time"
    pool(**{cap: D(value) / D("0.849")})
    pool_alerts.look(after(hours=10))
    pool(**{cap: D(value) / D("0.95")})
    pool_alerts.look(after(hours=11))
    assert told(after(hours=11)) == sorted(both * 2)


def test_an_unused_cap_of_nothing_is_not_near():
    people.user("boss", role="admin")
    row = Pool.objects.get(id="eth-main")
    row.supply_cap_usd = row.borrow_cap_usd = 0
    row.save()
    pool_alerts.look(after(minutes=1))
    assert told(after(minutes=1)) == [] and not PoolAlert.objects.exists()


def test_a_near_cap_says_how_near():
    pool(supply_cap_usd=D(550_000))
    pool_alerts.look(after(minutes=1))
    tell_all(after(minutes=1))
    row = Notification.objects.get()
    shown = {"usedUSD": "500000.00", "capUSD": "550000", "poolId": "usdc-main", "side": "supply"}
    assert row.data == shown
    assert "500000.00 USD of the supply cap of 550000 USD of usdc-main are used" in row.message


# --- telling ---------------------------------------------------------------------------------
def test_batches_reach_everybody_once_and_nobody_who_left(monkeypatch):
    monkeypatch.setattr(pool_alerts, "BATCH", 2)
    users = [rich(f"saver{number}") for number in range(4)]
    for user in users:
        supplying.supply(user.id, "usdc-main", "100", now=T0)
    supplying.withdraw(users[0].id, "usdc-main", "max", now=T0)
    rate_of("supply_apy", D("0.02"))
    pool_alerts.look(after(hours=6))
    reached = []
    while PoolAlert.objects.exists():
        reached.append(pool_alerts.tell(after(hours=6)))
    assert reached == [2, 2, 0]
    names = [name for _, name in told(after(hours=6))]
    assert names == ["lender", "saver1", "saver2", "saver3"]


def test_two_loans_in_one_pool_are_one_notice(borrower):
    lqm.loan(borrower)
    rate_of("borrow_apy", D("0.02"))
    pool_alerts.look(after(hours=6))
    assert told(after(hours=6)) == [("RATE_CHANGE_SIGNIFICANT", "borrower")]


def test_engines_at_once_look_and_tell_once():
    rate_of("supply_apy", D("0.02"))
    assert not raised(together(*[partial(pool_alerts.look, after(hours=6))] * 3))
    assert PoolAlert.objects.count() == 1
    assert not raised(together(*[partial(pool_alerts.tell, after(hours=6))] * 3))
    assert told(after(hours=6)) == [("RATE_CHANGE_SIGNIFICANT", "lender")]


def test_a_pool_that_opens_later_is_seen_from_then_on():
    PoolWatch.objects.filter(pool_id="usdc-main").delete()
    pool_alerts.look(after(hours=1))
    assert PoolWatch.objects.get(pool_id="usdc-main").sampled_at == after(hours=1)
