"""What rows of the market say: pools, positions, accounts. One function for stream, REST and admin.

Takes rows and a `View`; reads neither database nor clock. Amounts and values are decimal strings,
ratios JSON numbers, an infinite health factor null (contract, ruling 10).
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dualis.exact import EXACT, ZERO, mul_down, plain_trimmed, round_even
from dualis.lending import rates, risk
from dualis.lending.books import balance_of_down, debt_of_up
from dualis.lending.terms import TIERS, AssetTerms, CreditTier

if TYPE_CHECKING:
    from dualis.lending.models import BorrowPosition, Pool, SupplyPosition
    from dualis.lending.view import View

SHOWN_PLACES = 6  # of utilization and yields
DISCOUNTS = {tier.value: terms.discount for tier, terms in TIERS.items()}


def pool_rates(pool: "Pool") -> rates.PoolRates:
    """Return the rates of a pool at its published books."""
    books = pool.books
    return rates.pool_rates(pool.model, books.borrowed_by_tier, books.supplied, DISCOUNTS)


def pool_row(pool: "Pool") -> dict[str, Any]:
    """Return the row of the `pools` channel."""
    books = pool.books
    found = pool_rates(pool)
    return {
        "poolId": pool.id,
        "asset": pool.asset_id,
        "totalSupply": plain_trimmed(books.supplied),
        "totalBorrow": plain_trimmed(books.borrowed),
        "available": plain_trimmed(books.cash),
        "tvlUSD": usd_text(books.supplied, pool.price),
        "utilization": float(round_even(found.utilization, SHOWN_PLACES)),
        "supplyAPY": float(rates.apy_down(found.supply_apr, SHOWN_PLACES)),
        "borrowAPY": float(rates.apy_up(found.borrow_apr, SHOWN_PLACES)),
        "isActive": pool.is_active,
        "supplyPaused": pool.is_supply_paused,
        "borrowPaused": pool.is_borrow_paused,
        "protocolPaused": pool.is_protocol_paused,
        "reason": pool.reason,
        "block": pool.block,
    }


def usd_text(amount: Decimal, price: Decimal = risk.ONE) -> str:
    """Return an amount's value as it is shown, 2 decimals, rounded down."""
    return _text(mul_down(amount, price, risk.USD_PLACES))


def balance(position: "SupplyPosition", pool: "Pool") -> Decimal:
    """Return what a supply position is worth in its asset, rounded down."""
    return balance_of_down(position.shares, pool.supply_index, pool.places)


def debt(position: "BorrowPosition", pool: "Pool") -> Decimal:
    """Return what a borrow position owes in its asset, rounded up."""
    _, index = pool.debts[position.credit_tier]
    return debt_of_up(position.scaled, Decimal(index), pool.places)


def risk_position(position: "BorrowPosition", view: "View") -> risk.Position:
    """Return a borrow position as the pure risk core sees it."""
    return view.once(("risk", position.id), lambda: _risk_position(position, view))


def _risk_position(position: "BorrowPosition", view: "View") -> risk.Position:
    pool = view.pools[position.pool_id]
    owed = risk.Debt(
        pool.asset_id,
        debt(position, pool),
        pool.places,
        view.once(("owed", pool.id), lambda: view.price(pool.asset_id, is_collateral=False)),
    )
    return risk.Position(
        collaterals(position.held(), view),
        owed,
        TIERS[CreditTier(position.credit_tier)],
    )


def collaterals(amounts: Mapping[str, Decimal], view: "View") -> tuple[risk.Collateral, ...]:
    """Return amounts by asset as the pure risk core sees collateral."""
    return tuple(risk_collateral(symbol, amount, view) for symbol, amount in amounts.items())


def risk_collateral(symbol: str, amount: Decimal, view: "View") -> risk.Collateral:
    """Return an amount of an asset as collateral; the asset has a pool and a quote."""
    places, price, terms = view.once(("held", symbol), lambda: _unit(symbol, view))
    return risk.Collateral(symbol, amount, places, price, terms)


def supply_row(position: "SupplyPosition", view: "View") -> dict[str, Any]:
    """Return the row of a supply position."""
    pool = view.pools[position.pool_id]
    amount = balance(position, pool)
    return {
        "kind": "supply",
        "positionId": position.id,
        "poolId": pool.id,
        "asset": pool.asset_id,
        "balance": plain_trimmed(amount),
        "valueUSD": usd_text(amount, view.quotes[pool.asset_id].price),
        "interestEarned": plain_trimmed(max(EXACT.subtract(amount, position.principal), ZERO)),
        "apy": float(rates.apy_down(pool_rates(pool).supply_apr, SHOWN_PLACES)),
        "status": "open" if position.is_open() else "closed",
    }


def borrow_row(position: "BorrowPosition", view: "View") -> dict[str, Any]:
    """Return the row of a borrow position."""
    pool = view.pools[position.pool_id]
    found = risk_position(position, view)
    health = risk.health(found)
    factor = risk.health_factor_down(health)
    level = risk.alert_level(health, found.tier)
    ltv = risk.weighted_ltv_up(found)
    tier = position.credit_tier
    return {
        "kind": "borrow",
        "positionId": position.id,
        "poolId": pool.id,
        "asset": pool.asset_id,
        "principal": plain_trimmed(position.principal),
        "debt": plain_trimmed(found.debt.amount),
        "interestAccrued": plain_trimmed(
            max(EXACT.subtract(found.debt.amount, position.principal), ZERO)
        ),
        "apy": view.once(("apy", pool.id, tier), lambda: _borrow_apy(pool, tier)),
        "healthFactor": None if factor is None else float(factor),
        "status": risk.zone_of(health).value if position.is_open() else "closed",
        "alertLevel": None if level is None else level.value,
        "collateralValueUSD": _text(risk.usd_down(risk.collateral_value(found))),
        "weightedCollateralValueUSD": _text(risk.usd_down(health.weighted)),
        "borrowValueUSD": _text(risk.usd_up(health.debt)),
        "weightedLTV": None if ltv is None else float(ltv),
        "creditTier": tier,
        "isLiquidatable": risk.is_liquidatable(found),
        "collateral": [_collateral(held, found) for held in found.collaterals],
    }


def account_row(
    supplies: "Iterable[SupplyPosition]", borrows: "Iterable[BorrowPosition]", view: "View"
) -> dict[str, Any]:
    """Return the totals of a user; the health factor is the lowest of the positions."""
    supplied = collateral = borrowed = ZERO
    factors = []
    for supply in supplies:
        pool = view.pools[supply.pool_id]
        value = EXACT.multiply(balance(supply, pool), view.quotes[pool.asset_id].price)
        supplied = EXACT.add(supplied, value)
    for position in borrows:
        found = risk_position(position, view)
        collateral = EXACT.add(collateral, risk.collateral_value(found))
        borrowed = EXACT.add(borrowed, risk.debt_value(found))
        factor = risk.health_factor_down(risk.health(found))
        if factor is not None:
            factors.append(factor)
    net = EXACT.subtract(EXACT.add(supplied, collateral), borrowed)
    return {
        "kind": "account",
        "totalSuppliedUSD": usd_text(supplied),
        "totalCollateralUSD": usd_text(collateral),
        "totalBorrowedUSD": _text(risk.usd_up(borrowed)),
        "netWorthUSD": _text(round_even(net, risk.USD_PLACES)),
        "healthFactor": float(min(factors)) if factors else None,
    }


def _unit(symbol: str, view: "View") -> tuple[int, risk.Price, AssetTerms]:
    """Return decimals, price and terms of an asset as collateral."""
    pool = view.pool_of(symbol)
    assert pool is not None, "only an asset with a pool is taken as collateral"
    return pool.places, view.price(symbol, is_collateral=True), pool.terms


def _borrow_apy(pool: "Pool", tier: str) -> float:
    return float(rates.apy_up(pool_rates(pool).tier_aprs[tier], SHOWN_PLACES))


def _collateral(held: risk.Collateral, position: risk.Position) -> dict[str, Any]:
    at = risk.liquidation_price_up(position, held.asset, risk.LIQUIDATABLE_BELOW)
    return {
        "symbol": held.asset,
        "amount": plain_trimmed(held.amount),
        "valueUSD": _text(risk.usd_down(risk.value(held))),
        "liquidationPrice": None if at is None else plain_trimmed(at),
        "distance": None if at is None else float(risk.distance_up(at, held.price.spot)),
    }


def _text(value: Decimal) -> str:
    return format(value, "f")
