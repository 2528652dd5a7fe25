"""A lending market for tests: pools at the spec's prices, people with wallets, the invariants."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from dualis.accounts import ledger, wallets
from dualis.accounts.models import User
from dualis.accounts.money import Entry
from dualis.lending import figures, seed
from dualis.lending.models import (
    BackstopAccount,
    BorrowPosition,
    Liquidation,
    Market,
    Pool,
    SupplyPosition,
)
from dualis.oracle.assets import START_PRICES, seed_assets
from governance.models import FeeShare
from tests import world

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
MONEY = {"USDC": "1000000", "ETH": "100", "wBTC": "10", "CC": "500000"}


def after(**span: float) -> datetime:
    return T0 + timedelta(**span)


def opened(prices: dict[str, str] | None = None) -> None:
    """Open the pools at the start prices, or at these."""
    Market.objects.get_or_create(id=1)
    seed_assets()
    for symbol, price in START_PRICES.items():
        world.quote(symbol, (prices or {}).get(symbol, str(price)))
    seed.seed_pools(T0)


def rich(name: str, money: dict[str, str] | None = None) -> User:
    """Return a user with money in the wallet."""
    user = world.user(name)
    with transaction.atomic():
        for asset, amount in (money or MONEY).items():
            wallet = wallets.lock([(user.id, asset)])[user.id, asset]
            paid = wallets.move(wallet, Decimal(amount))
            wallets.save(wallet, now=T0)
            outside = ledger.Leg("outside", asset, -Decimal(amount), None)
            ledger.post("deposit", [paid, outside], now=T0, user_id=user.id)
    return user


def wallet(user: User, asset: str) -> Decimal:
    return next((w.amount for w in wallets.balances(user.id) if w.asset == asset), Decimal(0))


def check() -> None:
    """Hold the sentences of the ledger against the database, exactly."""
    sums = _sums(Entry.objects.values_list("account", "asset", "amount"))
    per_asset: dict[str, Decimal] = {}
    for (_, asset), amount in sums.items():
        per_asset[asset] = per_asset.get(asset, Decimal(0)) + amount
    assert not any(per_asset.values()), per_asset
    lossy = {row.pool_id for row in Liquidation.objects.all() if "suppliers" in row.losses}
    for pool in Pool.objects.all():
        books = pool.books
        assert books.supplied == books.cash + books.borrowed - books.reserves
        assert books.borrowed <= books.supplied + books.reserves
        supplies = list(SupplyPosition.objects.filter(pool=pool))
        assert sum((s.shares for s in supplies), Decimal(0)) == books.supply_shares
        for tier, debt in books.debts.items():
            own = BorrowPosition.objects.filter(pool=pool, credit_tier=tier)
            assert sum((b.scaled for b in own), Decimal(0)) == debt.scaled
        for supply in supplies:
            booked = sums.get((f"supply:{supply.id}", pool.asset_id), Decimal(0))
            assert booked == supply.booked
            assert pool.id in lossy or booked <= figures.balance(supply, pool)
        reserves = sums.get((f"reserves:{pool.id}", pool.asset_id), Decimal(0))
        assert reserves + pool.unbooked_to_reserves == books.reserves
    for backstop in BackstopAccount.objects.all():
        for symbol, amount in {backstop.asset: backstop.cash, **backstop.held}.items():
            assert sums.get((f"backstop:{backstop.asset}", symbol), 0) == Decimal(amount) >= 0
    fees: dict[str, Decimal] = {}
    for liquidation in Liquidation.objects.all():
        check_liquidation(liquidation)
        for symbol, amount in liquidation.fees.items():
            fees[symbol] = fees.get(symbol, Decimal(0)) + Decimal(amount)
    booked_fees = {asset: amount for (name, asset), amount in sums.items() if name == "fees"}
    for share in FeeShare.objects.all():
        for symbol, amount in share.amounts.items():
            booked_fees[symbol] += Decimal(amount)
    assert {a: n for a, n in booked_fees.items() if n} == fees
    for position in BorrowPosition.objects.all():
        asset = position.pool.asset_id
        booked = sums.get((f"debt:{position.id}", asset), Decimal(0))
        assert -booked == position.booked <= figures.debt(position, position.pool)
        for symbol, amount in position.held().items():
            assert sums[f"collateral:{position.id}", symbol] == amount
        assert position.scaled or not position.held()
    for user in User.objects.all():
        for row in wallets.balances(user.id):
            account = wallets.account_of(user.id)
            assert sums.get((account, row.asset), Decimal(0)) == row.amount >= 0


def check_liquidation(row: Liquidation) -> None:
    """Hold one liquidation against its stages and bids (spec 15, 7)."""
    stages = [stage.stage for stage in row.stages.order_by("at", "-stage")]
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


def _sums(
    entries: Iterable[tuple[str, str, Decimal]],
) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = {}
    for account, asset, amount in entries:
        sums[account, asset] = sums.get((account, asset), Decimal(0)) + amount
    return sums
