"""The screen: whoever crossed a zone is a suspect, whoever is far from every line is not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.lending import auction, borrowing, figures, risk
from dualis.lending.models import BorrowPosition
from dualis.lending.screening import Screen, Suspects, Tracked
from dualis.lending.terms import ASSETS
from dualis.lending.view import View
from dualis.lending.watch import Watch
from realtime import journal
from tests import lending_market as lm
from tests import lending_world as lw
from tests import liquidation_market as lqm
from tests.lending_market import T0, rich

KIND = ("USDC", "Unrated")
ONE = {KIND: Decimal(1)}
ZONES = [zone.value for zone in risk.Zone]


def zone(weighted, debt):
    return risk.zone_of(risk.Health(Decimal(weighted), Decimal(debt))).value


def all_of(suspects):
    return {*suspects.crossed, *suspects.below}


@pytest.mark.parametrize("line", ["1.5", "1.2", "1.05", "1", "0.95"])
@pytest.mark.parametrize("off", ["-0.000000000000000001", "0", "0.000000000000000001"])
def test_a_position_at_a_line_is_always_looked_at_exactly(line, off):
    screen = Screen(["ETH"], [KIND])
    debt = Decimal(1000)
    held = Decimal(line) * debt + Decimal(off)
    for number, stored in enumerate(ZONES):
        screen.put(Tracked(f"brw_{number}", {"ETH": held}, debt, KIND, stored))
    suspects = screen.suspects({"ETH": Decimal(1)}, ONE)
    assert len(suspects.crossed) == len(ZONES)
    assert len(suspects.below) == (len(ZONES) if line == "0.95" else 0)


AMOUNTS = st.decimals(0, 10**9, places=6)
# few ids, so that the same one comes and goes; of every length that the column takes
IDS = st.integers(0, 60).map(lambda number: f"brw_{number:0{1 + number % 28}d}")
ACTS = st.lists(
    st.one_of(
        st.tuples(IDS, AMOUNTS, AMOUNTS, st.sampled_from(ZONES)),
        IDS,  # remove
        st.none(),  # sort
    ),
    max_size=120,
)


@given(st.dictionaries(IDS, st.tuples(AMOUNTS, AMOUNTS, st.sampled_from(ZONES))), ACTS, st.data())
def test_the_memory_follows_every_change_and_misses_nobody_who_crossed(loaded, acts, data):
    screen, kept = Screen(["CC", "ETH"], [("CC", "Gold"), KIND]), dict(loaded)
    screen.load(
        Tracked(place, {"ETH": held}, debt, KIND, stored)
        for place, (held, debt, stored) in loaded.items()
    )
    for act in acts:
        if act is None:
            screen._sort()
        elif isinstance(act, str):
            screen.remove(act)
            kept.pop(act, None)
        else:
            place, held, debt, stored = act
            screen.put(Tracked(place, {"ETH": held}, debt, KIND, stored))
            kept[place] = (held, debt, stored)
    price = data.draw(st.decimals(Decimal("0.0001"), 10**5, places=8))
    suspects = screen.suspects({"ETH": price}, ONE)
    now = {place: zone(held * price, debt) for place, (held, debt, _) in kept.items()}
    crossed = {place for place, (_, _, stored) in kept.items() if now[place] != stored}
    below = {place for place, where in now.items() if where == "liquidatable"}
    assert crossed <= set(suspects.crossed) and len(screen) == len(kept)
    assert below - set(suspects.below) == {p for p in below if not kept[p][0]}, "no collateral"
    assert all_of(suspects) <= set(kept)
    assert len(set(suspects.crossed)) == len(suspects.crossed)


def test_more_positions_than_the_first_room_come_and_go():
    screen = Screen(["ETH"], [KIND])
    for number in range(3_000):
        screen.put(Tracked(f"brw_{number}", {"ETH": Decimal(number)}, Decimal(1000), KIND, "safe"))
    suspects = screen.suspects({"ETH": Decimal(1)}, ONE)
    # 1,500 is a line: looked at exactly
    assert set(suspects.crossed) == {f"brw_{number}" for number in range(1_501)}
    for number in range(0, 3_000, 2):
        screen.remove(f"brw_{number}")
        screen.remove(f"brw_{number}")
    assert len(screen) == 1_500
    suspects = screen.suspects({"ETH": Decimal(1)}, ONE)
    assert set(suspects.crossed) == {f"brw_{number}" for number in range(1, 1_501, 2)}


def test_an_id_that_does_not_fit_is_not_cut():
    screen = Screen(["ETH"], [KIND])
    screen.load([Tracked("x" * 32, {}, Decimal(0), KIND, "safe")])
    with pytest.raises(AssertionError):
        screen.put(Tracked("x" * 33, {}, Decimal(0), KIND, "safe"))
    screen.remove("x" * 33)
    assert len(screen) == 1


@pytest.mark.parametrize("known", [True, False])
def test_ids_come_in_the_order_of_their_debts(known):
    screen = Screen(["ETH"], [("CC", "Gold"), KIND])
    rows = [
        Tracked(f"brw_{number}", {"ETH": Decimal(1)}, Decimal(1), kind, "safe")
        for number, kind in enumerate([KIND, ("CC", "Gold"), KIND, ("CC", "Gold")])
    ]
    screen.load(rows if known else [])
    for row in rows:
        screen.put(row)
    suspects = screen.suspects({"ETH": Decimal(1)}, {KIND: Decimal(1), ("CC", "Gold"): Decimal(1)})
    assert list(suspects.crossed) == ["brw_1", "brw_3", "brw_0", "brw_2"]


@pytest.mark.parametrize(
    "odd",
    [
        {"held": {"ETH": Decimal(9), "XRP": Decimal(1)}},
        {"kind": ("USDC", "Platinum")},
        {"zone": "unheard-of"},
    ],
)
def test_what_cannot_be_read_is_looked_at_exactly(odd):
    screen = Screen(["ETH"], [KIND])
    fields = {"held": {"ETH": Decimal(9)}, "kind": KIND, "zone": "safe", **odd}
    screen.put(Tracked("brw_1", scaled=Decimal(1), **fields))
    assert all_of(screen.suspects({"ETH": Decimal(1)}, ONE)) == {"brw_1"}


SYMBOLS = ("ETH", "CC", "USDC")


@given(
    st.dictionaries(st.sampled_from(SYMBOLS[:2]), st.decimals(1, 1200, places=4), min_size=1),
    st.sets(st.sampled_from(SYMBOLS)),
    st.sets(st.sampled_from(SYMBOLS)),
)
def test_whoever_may_get_an_auction_is_below_whatever_is_frozen_or_in_grace(held, frozen, graced):
    def price(symbol):
        kind = lw.frozen_debt if symbol == "USDC" else lw.frozen_collateral
        return (kind if symbol in frozen else lw.live)("1")

    position = lw.position(
        *(lw.held(symbol, amount, price(symbol)) for symbol, amount in held.items()),
        debt="1000",
        price=price("USDC"),
    )
    since = Decimal(1) if graced & {*held, "USDC"} else None
    tier = auction.tier_to_open(position, since_filled=None, since_outage=since)
    if position.debt.price.is_frozen:
        tier = None
    screen = Screen(SYMBOLS, [KIND])
    stored = risk.zone_of(risk.health(position)).value
    screen.put(Tracked("brw_1", held, Decimal(1000), KIND, stored))
    weights = {symbol: ASSETS[symbol].weight for symbol in SYMBOLS}
    below = screen.suspects(weights, ONE, frozen=frozen, graced=graced).below
    assert below or tier is None
    if frozen >= {"ETH", "CC"} or "USDC" in frozen:
        assert not below
    if graced >= set(SYMBOLS) and risk.health(position).weighted > 901:
        assert not below


def test_healths_are_those_of_the_positions_in_the_order_asked():
    screen = Screen(["ETH"], [KIND])
    screen.load(Tracked(f"brw_{n}", {"ETH": Decimal(n)}, Decimal(2), KIND, "safe") for n in (2, 4))
    screen.put(Tracked("brw_3", {"ETH": Decimal(3)}, Decimal(2), KIND, "safe"))
    screen.put(Tracked("brw_5", {"XYZ": Decimal(3)}, Decimal(2), KIND, "safe"))
    screen.put(Tracked("brw_6", {"ETH": Decimal(3)}, Decimal(0), KIND, "safe"))
    screen.remove("brw_2")
    asked = ["brw_4", "brw_9", "brw_3", "brw_2", "brw_5", "brw_6", "brw_1"]
    found = screen.healths(asked, {"ETH": Decimal(1)}, ONE).tolist()
    assert [None if health != health else health for health in found] == [
        2.0,
        None,
        1.5,
        None,
        0.0,
        float("inf"),
        None,
    ]
    assert screen.healths([], {"ETH": Decimal(1)}, ONE).tolist() == []


def test_a_watch_that_has_read_nothing_knows_no_health():
    found = Watch().healths(["brw_1"], T0)
    assert found.tolist() != found.tolist()


@pytest.mark.django_db
def test_the_memory_follows_the_journal():
    lm.opened()
    _, loan = lqm.opened()
    watch, feed = Watch(), journal.Feed("positions")
    feed.read(watch.take)
    assert len(watch) == 1 and watch.suspects(T0) == Suspects([], [])
    lqm.reprice("ETH", "1600")
    assert watch.suspects(T0) == Suspects([loan.id], [loan.id])
    other = lqm.loan(rich("another"), "1000")
    feed.read(watch.take)
    assert len(watch) == 2 and watch.suspects(T0) == Suspects([loan.id], [loan.id])
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
