"""A lending market for tests: pools at the spec's prices, people with wallets, the invariants."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from dualis.accounts import ledger, wallets
from dualis.accounts.models import User
from dualis.accounts.money import Entry, Wallet
from dualis.exact import EXACT, ZERO
from dualis.lending import figures, seed
from dualis.lending.models import (
    BackstopAccount,
    BorrowPosition,
    Liquidation,
    Market,
    Pool,
    Resale,
    SupplyPosition,
)
from dualis.oracle.assets import START_PRICES, seed_assets
from governance.models import FeeShare
from tests import world

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
MONEY = {"USDC": "1000000", "ETH": "100", "wBTC": "10", "CC": "500000"}


def after(**span: float) -> datetime:
    return T0 + timedelta(**span)


def opened(prices: dict[str, str] | None = None, now: datetime = T0) -> None:
    """Open the pools at the start prices, or at these."""
    Market.objects.get_or_create(id=1)
    seed_assets()
    for symbol, price in START_PRICES.items():
        world.quote(symbol, (prices or {}).get(symbol, str(price)))
    seed.seed_pools(now)


def rich(name: str, money: dict[str, str] | None = None, now: datetime = T0) -> User:
    """Return a user with money in the wallet."""
    user = world.user(name)
    with transaction.atomic():
        for asset, amount in (money or MONEY).items():
            wallet = wallets.lock([(user.id, asset)])[user.id, asset]
            paid = wallets.move(wallet, Decimal(amount))
            wallets.save(wallet, now=now)
            outside = ledger.Leg("outside", asset, -Decimal(amount), None)
            ledger.post("deposit", [paid, outside], now=now, user_id=user.id)
    return user


def wallet(user: User, asset: str) -> Decimal:
    return next((w.amount for w in wallets.balances(user.id) if w.asset == asset), Decimal(0))


class Tally:
    """The sums of all accounts of the ledger, going on from where they stood: entries are appended.

    For one writer alone: of several, a later entry may be seen before an earlier one.
    """

    def __init__(self) -> None:
        self.sums: dict[tuple[str, str], Decimal] = {}
        self._last = 0

    def read(self) -> None:
        rows = Entry.objects.filter(id__gt=self._last).order_by("id")
        for self._last, account, asset, amount in rows.values_list(
            "id", "account", "asset", "amount"
        ):
            self.sums[account, asset] = EXACT.add(self.sums.get((account, asset), ZERO), amount)


def check(tally: Tally | None = None) -> None:
    """Hold the sentences of the ledger against the database, exactly; of any market."""
    tally = tally or Tally()
    tally.read()
    sums = tally.sums
    per_asset: dict[str, Decimal] = {}
    for (_, asset), amount in sums.items():
        per_asset[asset] = EXACT.add(per_asset.get(asset, ZERO), amount)
    assert not any(per_asset.values()), per_asset
    liquidations = list(
        Liquidation.objects.select_related("pool").prefetch_related("stages", "bids")
    )
    pools = {pool.id: pool for pool in Pool.objects.all()}
    supplies, borrows = list(SupplyPosition.objects.all()), list(BorrowPosition.objects.all())
    lossy = {row.pool_id for row in liquidations if "suppliers" in row.losses}
    for pool in pools.values():
        books = pool.books
        assert books.supplied == books.cash + books.borrowed - books.reserves
        assert books.borrowed <= books.supplied + books.reserves
        shares = [supply.shares for supply in supplies if supply.pool_id == pool.id]
        assert sum(shares, Decimal(0)) == books.supply_shares
        for tier, debt in books.debts.items():
            own = [b for b in borrows if (b.pool_id, b.credit_tier) == (pool.id, tier)]
            assert sum((b.scaled for b in own), Decimal(0)) == debt.scaled
        reserves = sums.get((f"reserves:{pool.id}", pool.asset_id), Decimal(0))
        assert reserves + pool.unbooked_to_reserves == books.reserves
    for supply in supplies:
        pool = pools[supply.pool_id]
        booked = sums.get((f"supply:{supply.id}", pool.asset_id), Decimal(0))
        assert booked == supply.booked
        assert pool.id in lossy or booked <= figures.balance(supply, pool)
    for backstop in BackstopAccount.objects.all():
        for symbol, amount in {backstop.asset: backstop.cash, **backstop.held}.items():
            assert sums.get((f"backstop:{backstop.asset}", symbol), 0) == Decimal(amount) >= 0
    for resale in Resale.objects.select_related("pool"):
        check_resale(resale)
    fees: dict[str, Decimal] = {}
    for liquidation in liquidations:
        check_liquidation(liquidation)
        for symbol, amount in liquidation.fees.items():
            fees[symbol] = fees.get(symbol, Decimal(0)) + Decimal(amount)
    booked_fees = {asset: amount for (name, asset), amount in sums.items() if name == "fees"}
    for share in FeeShare.objects.all():
        for symbol, amount in share.amounts.items():
            booked_fees[symbol] += Decimal(amount)
    assert {a: n for a, n in booked_fees.items() if n} == {a: n for a, n in fees.items() if n}
    for position in borrows:
        pool = pools[position.pool_id]
        booked = sums.get((f"debt:{position.id}", pool.asset_id), Decimal(0))
        assert -booked == position.booked <= figures.debt(position, pool)
        for symbol, amount in position.held().items():
            assert sums[f"collateral:{position.id}", symbol] == amount
        assert position.scaled or not position.held()
    for row in Wallet.objects.all():
        account = wallets.account_of(row.user_id)
        assert sums.get((account, row.asset), Decimal(0)) == row.amount >= 0


def check_liquidation(row: Liquidation) -> None:
    """Hold one liquidation against its stages and bids (spec 15, 7)."""
    stages = [stage.stage for stage in row.stages.all()]
    ended = [] if row.is_open else ["settlement"]
    assert sorted(stages) == sorted(["trigger", "auction_start", *ended])
    bids = list(row.bids.all())
    assert sum((bid.repaid for bid in bids), Decimal(0)) == row.filled
    for symbol, amount in row.seized.items():
        assert sum(Decimal(bid.seized.get(symbol, 0)) for bid in bids) == Decimal(amount)
    assert (row.settled_at is None) == row.is_open == (not ended)
    borne = sum((Decimal(part) for part in row.losses.values()), Decimal(0))
    unit = Decimal(1).scaleb(-row.pool.places)
    assert abs(borne - row.bad_debt) <= 2 * unit, "each step rounds by a unit at most"


def check_resale(row: Resale) -> None:
    """Hold one resale against its stages, its bids and what the backstop holds."""
    stages = {stage.stage for stage in row.stages.all()}
    assert stages == {"auction_start"} | (set() if row.is_open else {"settlement"})
    bids = list(row.bids.all())
    assert sum((bid.bought for bid in bids), Decimal(0)) == row.sold <= row.lot
    assert sum((bid.paid for bid in bids), Decimal(0)) == row.proceeds
    assert row.is_open == (row.sold < row.lot) == (row.settled_at is None)
    if row.is_open:
        held = BackstopAccount.objects.get(asset=row.pool.asset_id).held
        assert Decimal(held[row.symbol]) >= row.lot - row.sold
