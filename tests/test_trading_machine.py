"""All services of the margin ledger, marks and the clock at random: the sentences hold each time.

A refused act changes nothing; whoever is met while he rests is left no debt by it.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from dualis.errors import DomainError
from dualis.oracle.models import Quote
from dualis.trading import (
    blocks,
    hourly,
    leverage,
    liquidation,
    modifying,
    money,
    orders,
    quoting,
    summary,
    unwinding,
    withdrawals,
)
from dualis.trading.margin import Stage
from dualis.trading.markets import MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import MarginAccount, MarginOrder, Withdrawal
from dualis.trading.modifying import Change
from dualis.trading.order_rules import Request
from dualis.trading.orderbook import Side, Tif
from dualis.trading.state import BACKSTOP, INSURANCE, TREASURY
from dualis.trading.statuses import ACTIVE, OPEN
from realtime import journal
from tests import trading_sentences as sentences
from tests import trading_world as tw
from tests.drills import ROUNDS

PEOPLE = (tw.ADA, tw.BOB, tw.EVE)
USERS = st.sampled_from(PEOPLE)
COINS = st.sampled_from(["ETH", "ETH", "BTC"])
SIDES = st.sampled_from(list(Side))
TIFS = st.sampled_from([Tif.GTC, Tif.GTC, Tif.GTC, Tif.IOC, Tif.ALO])
WORTH = st.integers(20, 120_000).map(Decimal)  # of an order, in USDC
AWAY = st.integers(-500, 500).map(lambda n: Decimal(n).scaleb(-4))
AMOUNTS = st.sampled_from(["max", "1", "250.5", "5000", "0.01", "-1", "x"])
AT_RISK = (Stage.PARTIAL, Stage.FULL)


class TradingMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = tw.T0

    def teardown(self):
        tw.check()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize(has_makers=st.booleans(), size=st.integers(20, 45), rests=st.booleans())
    def open(self, has_makers, size, rests):
        """Somebody is long and somebody short already, with much or little to lose."""
        tw.marked()
        for name in PEOPLE:
            tw.account(name)
        for name, amount in ((TREASURY, "100000"), (INSURANCE, "5000"), (BACKSTOP, "20000")):
            tw.fund(name, amount)
        money.deposit(tw.BOB, "BTC", Decimal("0.1"), now=self.now)
        if has_makers:
            for name in quoting.MAKERS:
                tw.account(name, "1000000")
        tw.place(tw.BOB, "A", size, "2000")
        tw.place(tw.ADA, "B", size, "2000")
        if rests:
            tw.place(tw.EVE, "B", "40", "1960")
        hourly.run(self.now)
        self.follower = sentences.Follower()

    # --- helpers ----------------------------------------------------------------------------------
    def attempt(self, act):
        """Do something that may be refused; what is refused changes nothing."""
        before = journal.position().seq
        try:
            with transaction.atomic():
                return act()
        except DomainError:
            assert journal.position().seq == before
            return []

    def trade(self, act, taker=None):
        """Do something that trades: nobody who rests is ruined, and the taker's margin suffices."""
        before = self.margins()
        made = self.attempt(act)
        for name, (found, sizes) in self.margins().items():
            old, held = before[name]
            if name != taker or not found.initial <= found.total_margin:
                assert found.total_margin >= min(old.total_margin, 0), f"{name} owes by a fill"
            grown = [c for c, size in sizes.items() if abs(size) > abs(held.get(c, 0))]
            assert not (grown and found.stage in AT_RISK), f"{name} is at risk by a fill"
            if name == taker and (grown or self.rests(made)):
                assert found.initial <= found.total_margin, "it was taken without margin"
                assert not Marks.read().frozen & summary.feeds_of(tw.row(name).value)

    def margins(self):
        prices = Marks.read().prices
        found = {}
        for row in MarginAccount.objects.filter(name__in=PEOPLE):
            margin = summary.margin_of(row.value, prices, row.open_orders())
            sizes = {coin: held.size for coin, held in row.value.positions.items()}
            found[row.name] = margin, sizes
        return found

    def rests(self, placed):
        rows = [one.order for one in placed if one.order is not None]
        return any(row.status == OPEN and not row.is_reduce_only for row in rows)

    def move(self, coin, percent, is_frozen):
        quote = Quote.objects.get(asset_id=coin)
        quote.price = max(round(quote.price * percent / 100, 2), Decimal(100))
        quote.is_tripped = is_frozen
        quote.save()

    def price(self, coin, side, away):
        mark = Marks.read().prices[coin]
        return MARKETS[coin].rounded(mark * (1 + away), side)

    def size(self, coin, worth):
        size = worth / Marks.read().prices[coin]
        return max(round(size, MARKETS[coin].size_places), Decimal("0.001"))

    # --- rules ------------------------------------------------------------------------------------
    @rule(
        user=USERS,
        asked=st.lists(
            st.tuples(COINS, SIDES, st.one_of(st.none(), AWAY), WORTH, TIFS, st.booleans()),
            min_size=1,
            max_size=3,
        ),
    )
    def place(self, user, asked):
        for coin, side, away, worth, tif, reduces in asked:
            price = None if away is None else self.price(coin, side, away)
            request = Request(coin, side, self.size(coin, worth), price, tif, reduces)
            self.trade(lambda r=request: orders.place(user, [r], now=self.now), user)

    @rule(
        maker=USERS,
        taker=USERS,
        coin=COINS,
        side=SIDES,
        away=AWAY,
        worth=WORTH,
        percent=st.sampled_from([100, 100, 90, 110, 75, 135]),
    )
    def two_meet(self, maker, taker, coin, side, away, worth, percent):
        """Let one rest where he may, the mark perhaps leave him behind, and another come to him."""
        price, size = self.price(coin, Side.BUY, away), self.size(coin, worth)
        rests = Request(coin, side, size, price)
        self.trade(lambda: orders.place(maker, [rests], now=self.now), maker)
        if percent != 100:
            self.move(coin, percent, is_frozen=False)
        comes = Request(coin, side.other, size, price if percent == 100 else None)
        self.trade(lambda: orders.place(taker, [comes], now=self.now), taker)

    @rule(user=USERS, share=st.integers(1, 4))
    def reduce(self, user, share):
        for coin, held in tw.row(user).value.positions.items():
            side = Side.SELL if held.size > 0 else Side.BUY
            size = max(round(abs(held.size) / share, MARKETS[coin].size_places), Decimal("0.001"))
            price = self.price(coin, side, Decimal(0)) if share > 2 else None
            request = Request(coin, side, size, price, is_reduce_only=True)
            self.trade(lambda r=request: orders.place(user, [r], now=self.now), user)

    @rule(
        user=USERS,
        how=st.sampled_from(["cancel", "modify", "modify", "leverage"]),
        coin=COINS,
        times=st.integers(0, 21),
        away=AWAY,
        worth=WORTH,
        reduces=st.sampled_from([None, True]),
    )
    def manage(self, user, how, coin, times, away, worth, reduces):
        rows = MarginOrder.objects.filter(account_id=user, status__in=ACTIVE)[:2]
        if how == "leverage":
            self.attempt(lambda: leverage.choose(user, coin, times, now=self.now))
        elif how == "cancel":
            self.attempt(lambda: orders.cancel(user, [row.id for row in rows], now=self.now))
        elif rows:
            changes = [
                Change(
                    row.id,
                    self.price(row.coin, Side(row.side), away),
                    self.size(row.coin, worth),
                    reduces,
                )
                for row in rows
            ]
            self.trade(lambda: modifying.modify(user, changes, now=self.now))

    @rule(
        user=USERS,
        asset=st.sampled_from(["USDC", "USDC", "BTC"]),
        amount=AMOUNTS,
        paid=st.integers(-1, 2),
        ends=st.sampled_from([None, withdrawals.COMPLETE, withdrawals.FAILED]),
    )
    def money_moves(self, user, asset, amount, paid, ends):
        self.attempt(lambda: money.deposit(user, asset, Decimal(paid), now=self.now))
        before = tw.row(user)
        old = summary.margin_of(before.value, Marks.read().prices, before.open_orders())
        row = self.attempt(lambda: withdrawals.request(user, asset, amount, user, now=self.now))
        if row and summary.is_lent_on(before.value, old):
            found, _ = self.margins()[user]
            assert found.initial <= found.total_margin, "what margin needs has left"
        for one in Withdrawal.objects.filter(status=withdrawals.PENDING) if ends else []:
            withdrawals.settle(one.id, ends, now=self.now)

    @rule(
        coin=COINS,
        percent=st.sampled_from([80, 88, 95, 99, 101, 105, 112, 125]),
        is_frozen=st.sampled_from([True, False, False, False]),
        steps=st.sets(st.sampled_from(["quote", "liquidate", "unwind", "seal"])),
    )
    def tick(self, coin, percent, is_frozen, steps):
        self.move(coin, percent, is_frozen)
        if "quote" in steps and MarginAccount.objects.filter(name__in=quoting.MAKERS).exists():
            self.trade(lambda: quoting.run(self.now))
        if "liquidate" in steps:
            self.liquidate()
        if "unwind" in steps:
            for its_coin, held in tw.row(BACKSTOP).value.positions.items():
                self.trade(lambda c=its_coin, h=held: unwinding.step(c, h, self.now))
        if "seal" in steps:
            blocks.run(self.now)

    @rule(hours=st.integers(0, 3))
    def hours_pass(self, hours):
        self.now += timedelta(hours=hours)
        hourly.run(self.now)

    def liquidate(self):
        marks = Marks.read()
        for name in PEOPLE:
            was = summary.margin_at_risk(tw.row(name).value, marks.prices, marks.frozen)
            done = liquidation.liquidate(name, self.now)
            assert done or was.stage not in AT_RISK
            now = summary.margin_at_risk(tw.row(name).value, marks.prices, marks.frozen)
            assert now.stage not in AT_RISK

    # --- sentences --------------------------------------------------------------------------------
    @invariant()
    def sentences_hold(self):
        if hasattr(self, "follower"):
            sentences.books_are_not_crossed()
            sentences.fills_fit()
            self.follower.check()


@pytest.mark.drill
@pytest.mark.django_db
def test_the_ledger_is_exact_whatever_happens():
    run_machine(
        TradingMachine,
        settings=settings(
            max_examples=6 * ROUNDS,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
