"""The screen: whoever crossed a zone is a suspect, whoever is far from every line is not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.lending import borrowing, figures, risk
from dualis.lending.models import BorrowPosition
from dualis.lending.screening import Screen
from dualis.lending.view import View
from dualis.lending.watch import Watch
from realtime import journal
from tests import lending_market as lm
from tests import liquidation_market as lqm
from tests.lending_market import T0, rich

KIND = ("usdc-main", "Unrated")
ONE = {KIND: Decimal(1)}


def zone(weighted, debt):
    return risk.zone_of(risk.Health(Decimal(weighted), Decimal(debt))).value


@pytest.mark.parametrize("line", ["1.5", "1.2", "1.05", "1", "0.95"])
@pytest.mark.parametrize("off", ["-0.000000000000000001", "0", "0.000000000000000001"])
def test_a_position_at_a_line_is_always_looked_at_exactly(line, off):
    screen = Screen(["ETH"], [KIND])
    debt = Decimal(1000)
    held = Decimal(line) * debt + Decimal(off)
    for number, stored in enumerate(risk.Zone):
        screen.put(f"brw_{number}", {"ETH": held}, debt, KIND, stored.value)
    suspects = set(screen.suspects({"ETH": Decimal(1)}, ONE))
    assert len(suspects) >= len(risk.Zone) - 1 and f"brw_{len(risk.Zone)}" not in suspects


POSITIONS = st.lists(
    st.tuples(
        st.decimals(0, 10**9, places=6),
        st.decimals(0, 10**9, places=6),
        st.sampled_from([zone.value for zone in risk.Zone]),
    ),
    max_size=40,
)


@given(POSITIONS, st.decimals(Decimal("0.0001"), 10**5, places=8), st.data())
def test_nobody_who_crossed_is_missed_and_memory_follows_every_change(rows, price, data):
    screen, kept = Screen(["CC", "ETH"], [("other", "Gold"), KIND]), {}
    for number, (held, debt, stored) in enumerate(rows):
        place = f"brw_{data.draw(st.integers(0, number))}"
        if data.draw(st.booleans()):
            screen.put(place, {"ETH": held}, debt, KIND, stored)
            kept[place] = (held, debt, stored)
        else:
            screen.remove(place)
            kept.pop(place, None)
    suspects = screen.suspects({"ETH": price}, ONE)
    crossed = {
        place
        for place, (held, debt, stored) in kept.items()
        if (now := zone(held * price, debt)) != stored or now == "liquidatable"
    }
    assert crossed <= set(suspects) <= set(kept) and len(screen) == len(kept)


def test_more_positions_than_the_first_room():
    screen = Screen(["ETH"], [KIND])
    for number in range(3_000):
        screen.put(f"brw_{number}", {"ETH": Decimal(number)}, Decimal(1000), KIND, "safe")
    suspects = screen.suspects({"ETH": Decimal(1)}, ONE)
    assert suspects[0] == "brw_0" and len(suspects) == 1_501  # 1,500 is a line: looked at exactly


@pytest.mark.django_db
def test_the_memory_follows_the_journal():
    lm.opened()
    _, loan = lqm.opened()
    watch, feed = Watch(), journal.Feed("positions")
    feed.read(watch.take)
    assert len(watch) == 1 and watch.suspects(T0) == []
    lqm.reprice("ETH", "1600")
    assert watch.suspects(T0) == [loan.id]
    other = lqm.loan(rich("another"), "1000")
    feed.read(watch.take)
    assert len(watch) == 2 and watch.suspects(T0) == [loan.id]
    borrowing.close_position(other.user_id, other.id, now=T0)
    feed.read(watch.take)
    assert len(watch) == 1
    exact = figures.risk_position(BorrowPosition.objects.get(id=loan.id), View.read(T0))
    assert risk.is_liquidatable(exact)


@pytest.mark.django_db
def test_a_feed_whose_reader_failed_tells_the_same_again():
    lqm.opened()
    feed, told = journal.Feed("positions"), []
    feed.read(told.append)
    lqm.loan(rich("another"), "1000")

    def fail(keys):
        raise ValueError

    with pytest.raises(ValueError):
        feed.read(fail)
    feed.read(told.append)
    assert told[0] is None and len(told[1]) == 2  # the loan and the account
    feed.read(told.append)
    assert len(told) == 2
