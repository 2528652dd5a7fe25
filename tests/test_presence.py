"""Presence: places come back, budgets do not refill by leaving."""

from realtime.dualis_protocol import Limits
from realtime.presence import Presence

SHARE = Limits(rate=20, burst=200)


def test_an_address_has_its_places_and_gets_them_back():
    presence = Presence()
    assert presence.enter("a", 2) and presence.enter("a", 2) and not presence.enter("a", 2)
    assert presence.enter("b", 2) and presence.sockets == 3
    presence.leave("a")
    assert presence.enter("a", 2)
    for address in ("a", "a", "b"):
        presence.leave(address)
    assert presence.sockets == 0 and not presence.addresses


def test_leaving_and_coming_back_does_not_refill_the_budget():
    presence = Presence()
    bucket = presence.sign_in("u", 20, SHARE, 0.0)
    for _ in range(200):
        assert bucket.take(0.0)
    presence.sign_out("u")
    again = presence.sign_in("u", 20, SHARE, 1.5)
    assert again is bucket and [again.take(1.5) for _ in range(31)].count(True) == 30


def test_a_user_who_rested_long_enough_is_forgotten():
    presence = Presence()
    presence.sign_in("u", 20, SHARE, 0.0).take(0.0)
    presence.sign_out("u")
    presence.sign_in("v", 20, SHARE, 60.0)
    assert set(presence.users) == {"v"}


def test_a_user_has_his_places():
    presence = Presence()
    assert presence.sign_in("u", 1, SHARE, 0.0) and presence.sign_in("u", 1, SHARE, 0.0) is None
    presence.sign_out("u")
    assert presence.sign_in("u", 1, SHARE, 0.0)


def test_clients_of_a_restart_come_back_over_a_time_that_grows_with_them():
    presence = Presence()
    for _ in range(5_000):
        presence.enter("a", 10_000)
    assert presence.return_seconds(100.0) == 5.0
    for _ in range(4_999):
        presence.leave("a")
    assert presence.return_seconds(102.0) == 5.0, "the same restart"
    assert presence.return_seconds(200.0) == 1.0


def test_a_users_budget_is_divided_among_the_processes_that_have_his_sockets():
    presence = Presence()
    bucket = presence.sign_in("u", 20, SHARE, 0.0)
    presence.share("u", 0.25)
    presence.share("nobody", 0.25)
    assert [bucket.take(0.0) for _ in range(60)].count(True) == 50
    presence.share("u", 1.0)
    assert [bucket.take(0.0) for _ in range(200)].count(True) == 150
