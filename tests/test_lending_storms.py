"""Random prices, freezes, bids, repayments and ticks: the ledger's sentences hold at every step."""

import random
from decimal import Decimal

import pytest

from dualis import errors
from dualis.lending import bidding, borrowing, figures, resales, risk
from dualis.lending.models import BorrowPosition, Liquidation, Resale
from dualis.lending.view import View
from tests import liquidation_market as lqm
from tests.lending_market import after, check, rich
from tests.liquidation_market import loan, reprice

pytestmark = pytest.mark.django_db
STEPS = 50


class Storm:
    """One run: what happens is drawn from a seeded generator, time moves on by seconds."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seconds = 0
        self.prices = {"ETH": Decimal("1650"), "wBTC": Decimal("38000")}  # after the loans
        self.borrower, _ = lqm.opened()
        loan(self.borrower, "9000", {"ETH": "3", "wBTC": "0.2"})
        loan(self.borrower, "14500")
        lqm.backed("5000")
        self.bidders = [rich("bidder"), rich("other", {"USDC": "4000"})]
        for symbol, price in self.prices.items():
            reprice(symbol, str(price))
        self.tick()

    def step(self):
        self.seconds += self.random.randint(1, 12)
        acts = [*[self.move] * 3, *[self.tick] * 4, *[self.bid] * 3, self.repay, self.buy]
        self.random.choice(acts)()

    def move(self):
        symbol = self.random.choice(list(self.prices))
        factor = Decimal(self.random.randint(86, 112)) / 100
        self.prices[symbol] = (self.prices[symbol] * factor).quantize(Decimal("0.01"))
        reprice(symbol, str(self.prices[symbol]), is_tripped=self.random.random() < 0.15)

    def tick(self):
        exposed = self.liquidatable()
        known = set(Liquidation.objects.values_list("id", flat=True))
        lqm.run(after(seconds=self.seconds))
        resales.run(after(seconds=self.seconds))
        for row in Liquidation.objects.exclude(id__in=known):
            assert row.health_before < Decimal("0.95") and row.position_id in exposed

    def bid(self):
        row = Liquidation.objects.filter(status="open").order_by("id").first()
        if row is None:
            return
        amount = self.random.choice(["max", str(self.random.randint(1, 9000))])
        user = self.random.choice(self.bidders)
        before = self.health(row.position_id)
        try:
            bidding.bid(user.id, row.auction_id, amount, now=after(seconds=self.seconds))
        except errors.DomainError:
            return
        position = BorrowPosition.objects.get(id=row.position_id)
        if position.is_open() and before.is_covered:
            now = self.health(position.id)
            assert now.factor >= before.factor - Decimal("0.0001"), "a bid lowered health"

    def buy(self):
        row = Resale.objects.filter(status="open").order_by("id").first()
        if row is None:
            return
        amount = self.random.choice(["max", str(self.random.randint(1, 3000))])
        user = self.random.choice([self.borrower, *self.bidders])
        try:
            resales.bid(user.id, row.id, amount, now=after(seconds=self.seconds))
        except errors.DomainError:
            return

    def repay(self):
        position = BorrowPosition.objects.filter(closed_at=None).order_by("id").first()
        if position is None:
            return
        amount = str(self.random.randint(1, 2000))
        now = after(seconds=self.seconds)
        try:
            borrowing.repay(self.borrower.id, position.id, amount, now=now)
        except errors.DomainError:
            return

    def health(self, position_id):
        return Health(BorrowPosition.objects.get(id=position_id), View.read())

    def liquidatable(self):
        view = View.read()
        positions = BorrowPosition.objects.filter(closed_at=None)
        return {p.id for p in positions if risk.is_liquidatable(figures.risk_position(p, view))}


class Health:
    """What a bid must not lower while collateral covers the debt."""

    def __init__(self, position, view):
        found = figures.risk_position(position, view)
        self.factor = risk.health_factor_down(risk.health(found)) or Decimal(1000)
        self.is_covered = risk.collateral_value(found) >= risk.debt_value(found) and not any(
            view.is_frozen(symbol) for symbol in ("USDC", *position.held())
        )


@pytest.mark.parametrize("seed", range(6))
def test_the_books_hold_in_a_storm(seed):
    storm = Storm(seed)
    for _ in range(STEPS):
        storm.step()
        check()
    assert Liquidation.objects.exists(), "nothing happened: the test shows nothing"
