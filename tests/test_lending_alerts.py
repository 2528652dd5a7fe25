"""Alerts of health and liquidation: queued with the tick, told once, by default and own lines."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from dualis.lending import alerts, bidding, borrowing, liquidation, own_lines
from dualis.lending.models import BorrowPosition, HealthAlert, OwnStanding
from dualis.lending.own_lines import OwnLines
from dualis.lending.watch import Watch
from dualis.notifications import preferences
from dualis.notifications.models import Notification, UnreadCount
from realtime import journal
from tests import liquidation_market as lqm
from tests.lending_market import T0, after, check, rich
from tests.liquidation_market import loan, reprice
from tests.threads import raised, together

pytestmark = pytest.mark.django_db(transaction=True)
OWN = {"caution": 2.0, "danger": 1.6, "critical": 1.3}


@pytest.fixture(autouse=True)
def world():
    made = lqm.opened()
    yield made
    check()


@pytest.fixture
def borrower(world):
    return world[0]


@pytest.fixture
def position(world):
    return world[1]


class Clockwork:
    """The steps of the engine that alerts are about, with one memory."""

    def __init__(self):
        self.watch = Watch()
        self.own = OwnLines(self.watch)
        self.feed = journal.Feed("positions")

    def take(self, changed):
        self.watch.take(changed)
        self.own.take(changed)

    def tick(self, now, left=1.0):
        self.feed.read(self.take)
        liquidation.run(now, self.watch, told=alerts.queue)
        self.own.look(now, lambda: left)
        alerts.step(now, lambda: left)


@pytest.fixture
def engine():
    made = Clockwork()
    made.tick(T0)
    return made


def fall(engine, price, seconds=1):
    reprice("ETH", price)
    engine.tick(after(seconds=seconds))
    return told()


def told():
    rows = Notification.objects.order_by("created_at", "id")
    return [row.type.removeprefix("HEALTH_FACTOR_") for row in rows]


def choose(user, now=T0, **lines):
    preferences.change(user.id, {"financial": {"healthFactorThresholds": lines or OWN}}, now=now)


# --- by the zones -----------------------------------------------------------------------------
FALLS = [
    ("2744", []),
    ("2743", ["CAUTION"]),
    ("2195", ["DANGER"]),
    ("1920", ["CRITICAL"]),
    ("1829", ["LIQUIDATION_WARNING"]),
    ("1737", ["LIQUIDATION_WARNING"]),
]


@pytest.mark.parametrize(("price", "expected"), FALLS)
def test_a_fall_is_told_as_the_zone_it_ends_in(engine, price, expected):
    assert fall(engine, price) == expected
    assert not HealthAlert.objects.exists()


def test_a_notice_of_a_fall_says_of_what(engine, borrower, position):
    fall(engine, "2300")
    row = Notification.objects.get()
    assert (row.user_id, row.link, row.severity) == (borrower.id, "/borrow", "warning")
    assert row.data == {
        "positionId": position.id,
        "poolId": "usdc-main",
        "healthFactor": 1.2573,
        "level": "caution",
    }
    assert row.message.startswith(f"The health factor of {position.id} fell to 1.2573.")
    past = UnreadCount.objects.get(user=borrower).past
    assert list(past["until"]) == [f"HEALTH_FACTOR_CAUTION:{position.id}"]


def test_levels_escalate_and_a_rise_tells_nothing_and_windows_hold(engine):
    assert fall(engine, "2300") == ["CAUTION"]
    assert fall(engine, "2000", 2) == ["CAUTION", "DANGER"]
    assert fall(engine, "3000", 3) == ["CAUTION", "DANGER"]
    again = fall(engine, "2300", 4)
    assert again == ["CAUTION", "DANGER", "CAUTION"], "the deeper fall has opened its window again"
    fall(engine, "3000", 5)
    assert fall(engine, "2300", 6) == again, "inside the window"
    fall(engine, "3000", 7)
    assert fall(engine, "2300", 4 + 6 * 3600)[3:] == ["CAUTION"]


def test_each_position_has_its_own_windows(engine, borrower):
    loan(borrower)
    assert fall(engine, "2300") == ["CAUTION", "CAUTION"]


# --- once ------------------------------------------------------------------------------------
def test_what_is_queued_and_not_told_is_told_by_the_next_engine(engine):
    reprice("ETH", "2300")
    engine.feed.read(engine.take)
    liquidation.run(after(seconds=1), engine.watch, told=alerts.queue)
    assert told() == [] and HealthAlert.objects.count() == 1
    other = Clockwork()
    other.tick(after(seconds=2))
    other.tick(after(seconds=3))
    assert told() == ["CAUTION"] and not HealthAlert.objects.exists()


def test_a_crossing_that_is_rolled_back_queues_nothing(position):
    reprice("ETH", "2300")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        liquidation.screen_position(position.id, T0, alerts.queue)
        raise ZeroDivisionError
    assert not HealthAlert.objects.exists()


def test_a_telling_that_is_rolled_back_waits_on(engine, monkeypatch):
    def fail(notices, now):
        raise ValueError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(alerts.notices, "notify_each", fail)
        with pytest.raises(ExceptionGroup):
            fall(engine, "2300")
        assert HealthAlert.objects.count() == 1 and told() == []
    engine.tick(after(seconds=2))
    assert told() == ["CAUTION"]


def test_one_alert_that_cannot_be_told_leaves_the_others_told(engine, borrower):
    loan(borrower)
    loan(borrower)
    reprice("ETH", "2300")
    engine.feed.read(engine.take)
    liquidation.run(after(seconds=1), engine.watch, told=alerts.queue)
    row = HealthAlert.objects.get()
    row.waiting["1"][4] = "nowhere"
    row.save()
    with pytest.raises(ExceptionGroup):
        engine.tick(after(seconds=2))
    assert told() == ["CAUTION"] * 2 and list(HealthAlert.objects.get().waiting) == ["1"]


@pytest.mark.parametrize(
    ("module", "name"), [(liquidation, "CHUNK"), (alerts, "PART")], ids=["rows", "parts"]
)
def test_without_time_a_part_is_told_a_call(engine, borrower, monkeypatch, module, name):
    monkeypatch.setattr(module, name, 2)
    for _ in range(4):
        loan(borrower)
    reprice("ETH", "2300")
    for number, count in enumerate((2, 4, 5, 5)):
        engine.tick(after(seconds=number), left=0.0)
        assert len(told()) == count


def test_many_tellers_at_once_tell_each_alert_once(engine, borrower, monkeypatch):
    monkeypatch.setattr(liquidation, "CHUNK", 2)
    for _ in range(5):
        loan(borrower)
    reprice("ETH", "2300")
    engine.feed.read(engine.take)
    liquidation.run(after(seconds=1), engine.watch, told=alerts.queue)
    step = partial(alerts.step, after(seconds=1), lambda: 1.0)
    assert not raised(together(*[step] * 4))
    assert told() == ["CAUTION"] * 6 and UnreadCount.objects.get().count == 6


# --- by own lines ----------------------------------------------------------------------------
def test_a_fall_below_an_own_threshold_is_told_though_no_zone_is_crossed(engine, borrower):
    choose(borrower, caution=1.7)
    assert fall(engine, "3110") == []
    assert fall(engine, "3109", 2) == ["CAUTION"]
    assert BorrowPosition.objects.get().zone == "safe"
    assert OwnStanding.objects.get().zone == "caution"
    engine.tick(after(hours=7))
    Clockwork().tick(after(hours=8))
    assert told() == ["CAUTION"], "neither the next ticks nor the next engine tell it again"


def test_own_lines_take_the_place_of_the_zones(engine, borrower):
    choose(borrower)
    assert fall(engine, "2900") == ["DANGER"]
    assert fall(engine, "2700", 2) == ["DANGER"], "into the zone of caution: it is known"
    assert fall(engine, "2300", 3) == ["DANGER", "CRITICAL"]
    assert fall(engine, "1800", 4)[2:] == ["LIQUIDATION_WARNING"]


def test_lower_own_lines_keep_the_zones_silent(engine, borrower):
    choose(borrower, caution=1.3, danger=1.2)
    assert fall(engine, "2500") == []
    assert fall(engine, "2300", 2) == ["CAUTION"]


def test_who_moves_a_line_above_his_health_is_told(engine, borrower):
    choose(borrower, now=T0 + timedelta(hours=1), caution=1.9)
    engine.tick(T0 + timedelta(hours=1, seconds=1))
    assert told() == ["CAUTION"]


def test_back_at_the_defaults_the_zones_tell_again(engine, borrower):
    choose(borrower)
    fall(engine, "2900")
    choose(borrower, now=after(seconds=2), caution=1.5, danger=1.2, critical=1.05)
    assert fall(engine, "2700", 3) == ["DANGER", "CAUTION"]
    assert not OwnStanding.objects.exists() and not len(engine.own)
    choose(borrower, now=after(seconds=4))
    engine.tick(after(hours=3))
    assert told()[2:] == ["DANGER"], "seen anew"


def test_choices_without_own_lines_are_not_watched(engine, borrower):
    preferences.change(borrower.id, {"governance": {"enabled": True}}, now=T0)
    engine.tick(after(seconds=1))
    assert not len(engine.own)


def test_positions_that_open_and_close_are_followed(engine, borrower, position):
    choose(borrower)
    engine.tick(after(seconds=1))
    second = loan(borrower)
    engine.tick(after(seconds=2))
    assert len(engine.own) == 2 and OwnStanding.objects.count() == 2
    borrowing.close_position(borrower.id, second.id, now=after(seconds=3))
    loan(rich("another"))
    engine.tick(after(seconds=4))
    assert len(engine.own) == 1 and OwnStanding.objects.get().position_id == position.id


def test_without_time_a_chunk_of_own_falls_is_queued_a_look(engine, borrower, monkeypatch):
    monkeypatch.setattr(own_lines, "CHUNK", 2)
    for _ in range(4):
        loan(borrower)
    choose(borrower, caution=1.7)
    engine.tick(after(seconds=1))
    reprice("ETH", "3000")
    for number, count in enumerate((2, 4, 5, 5)):
        engine.tick(after(seconds=2 + number), left=0.0)
        assert OwnStanding.objects.exclude(zone="safe").count() == count
    engine.tick(after(seconds=9))
    assert told() == ["CAUTION"] * 5


def test_an_engine_that_starts_forgets_the_standings_of_closed_positions(engine, borrower):
    choose(borrower)
    engine.tick(after(seconds=1))
    closed = OwnStanding.objects.get().position_id
    borrowing.close_position(borrower.id, closed, now=after(seconds=2))
    Clockwork().tick(after(seconds=3))
    assert not OwnStanding.objects.exists()


def test_engines_at_once_queue_an_own_fall_once(engine, borrower):
    choose(borrower, caution=1.7)
    engines = [Clockwork() for _ in range(4)]
    for each in engines:
        each.tick(after(seconds=1))
    reprice("ETH", "3000")
    assert not raised(
        together(*(partial(each.own.look, after(seconds=2), lambda: 1.0) for each in engines))
    )
    assert HealthAlert.objects.count() == 1


# --- liquidations ----------------------------------------------------------------------------
def test_a_liquidation_is_told_to_its_borrower_once(engine, borrower, position):
    assert fall(engine, "1690") == ["LIQUIDATION_WARNING"]
    row = position.liquidations.get()
    bidding.bid(rich("bidder").id, row.auction_id, "max", now=after(seconds=2))
    engine.tick(after(seconds=3))
    engine.tick(after(seconds=4))
    assert told() == ["LIQUIDATION_WARNING", "LIQUIDATION_EXECUTED"]
    notice = Notification.objects.get(type="LIQUIDATION_EXECUTED")
    assert notice.user_id == borrower.id and notice.data["liquidationId"] == row.id
    assert notice.data["debtRepaid"] == "3750"
    assert [part["symbol"] for part in notice.data["seized"]] == ["ETH"]


def test_a_cancelled_auction_that_sold_nothing_is_not_told(engine):
    fall(engine, "1690")
    fall(engine, "2400", 2)
    assert told() == ["LIQUIDATION_WARNING"]
