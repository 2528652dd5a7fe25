"""The locked rows of one liquidation, what of them the pure cores see, and how they are written.

Lock order: pool, position, liquidation, the borrower's account, wallets by user and asset, the
backstop, the position's protection rules; then the first save. Positions and their health are
judged at the published index of the pool; `accrue` brings the books to `now` before anything is
sold.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from dualis.accounts import ledger, wallets
from dualis.accounts.ledger import Leg
from dualis.accounts.money import Wallet
from dualis.exact import EXACT, ZERO
from dualis.lending import (
    accounts,
    auction,
    backstop,
    bookings,
    figures,
    grace,
    pools,
    protecting,
    risk,
)
from dualis.lending.liquidation_models import OPEN, BackstopAccount, Liquidation
from dualis.lending.models import Account, BorrowPosition, Market, Pool, ProtectionRule
from dualis.lending.view import View


@dataclass(slots=True)
class Desk:
    """`legs` are what will be booked; there are some only after `accrue`."""

    now: datetime
    market: Market
    pool: Pool
    position: BorrowPosition
    liquidation: Liquidation | None
    account: Account
    wallets: dict[tuple[str, str], Wallet]
    backstop: BackstopAccount
    view: View
    rules: list[ProtectionRule]  # those that were active when they were locked
    legs: list[Leg] = field(default_factory=list)

    @property
    def running(self) -> Liquidation:
        assert self.liquidation is not None, "the caller has looked"
        return self.liquidation

    def risk(self) -> risk.Position:
        """Return the position as the pure cores see it."""
        return figures.risk_position(self.position, self.view)

    def is_live(self) -> bool:
        """Tell whether the clock moves and bids are taken."""
        return is_live(self.risk(), self.market, self.now)

    def accrue(self) -> None:
        """Bring the pool to `now` and share its interest out to the position."""
        pools.accrue(self.pool, self.now)
        debt = figures.debt(self.position, self.pool)
        self.legs += bookings.interest_of_pool(self.pool)
        self.legs += bookings.interest_of_debt(self.position, self.pool, debt)

    def save_position(self) -> None:
        """Write the position with the zone it is in now, and the account."""
        self.position.view = self.view
        self.position.zone = risk.zone_of(risk.health(self.risk())).value
        self.position.save()
        protecting.save(self.rules, self.position, self.now)
        accounts.publish_account(self.account, self.view, self.now)

    def save_sale(self, user_id: str | None) -> None:
        """Write what a sale has changed and book it; `user_id` is who bought."""
        wallets.save(*self.wallets.values())
        self.backstop.save()
        pools.publish([self.pool], self.view, "liquidation")
        self.save_position()
        ledger.post(
            "liquidation",
            self.legs,
            now=self.now,
            reference=self.position.id,
            memo=self.running.id,
            user_id=user_id,
        )


def lock(position_id: str, now: datetime, *, bidder: str | None = None) -> Desk:
    """Lock everything that liquidating a position may touch, closed ones included."""
    pool_id = BorrowPosition.objects.values_list("pool_id", flat=True).get(id=position_id)
    pool = Pool.objects.select_for_update(no_key=True, of=("self",)).get(id=pool_id)
    rows = BorrowPosition.objects.select_for_update(no_key=True, of=("self",))
    position = rows.get(id=position_id)
    liquidations = Liquidation.objects.select_for_update(no_key=True, of=("self",))
    liquidation = liquidations.filter(position_id=position_id, status=OPEN).first()
    account = accounts.lock_account(position.user_id, now)
    return Desk(
        now=now,
        market=Market.objects.get(id=1),
        pool=pool,
        position=position,
        liquidation=liquidation,
        account=account,
        wallets=wallets.lock(_pairs(position, pool, bidder)),
        backstop=backstop.lock(pool.asset_id),
        view=View.read(now).with_pools([pool]),
        rules=protecting.lock(position_id),
    )


def is_live(position: risk.Position, market: Market, now: datetime) -> bool:
    """Tell whether an auction of the position runs: no pause, no grace, live prices."""
    if market.is_paused or auction.is_in_grace(position, since_outage(position, market, now)):
        return False
    return auction.is_running(position)


def since_outage(position: risk.Position, market: Market, now: datetime) -> Decimal | None:
    """Return the seconds since the market, or an asset of the position, came back."""
    symbols = (position.debt.asset, *(held.asset for held in position.collaterals))
    return grace.since_outage(market.resumed_at, market.freezes, symbols, now)


def health_shown(position: risk.Position) -> Decimal | None:
    """Return the health factor as rows show it; None without debt."""
    return risk.health_factor_down(risk.health(position))


def added(kept: dict[str, Decimal], symbol: str, amount: Decimal) -> dict[str, Decimal]:
    """Return amounts by asset after one has grown."""
    return {**kept, symbol: EXACT.add(kept.get(symbol, ZERO), amount)}


def _pairs(position: BorrowPosition, pool: Pool, bidder: str | None) -> Iterable[tuple[str, str]]:
    """Return the wallets a sale may move: the borrower gets back what is left when debt ends."""
    held = list(position.held())
    pairs = [(position.user_id, symbol) for symbol in held]
    if bidder is not None:
        pairs += [(bidder, symbol) for symbol in (pool.asset_id, *held)]
    return pairs
