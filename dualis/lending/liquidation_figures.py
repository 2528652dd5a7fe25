"""What liquidations say: the stages of the channel, and the rows of REST. Names no user.

Takes rows and a `View`; reads neither database nor clock. Values are USD at spot; the collateral
that is named alone is the one that is sold first.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from dualis.exact import EXACT, plain_trimmed, round_even
from dualis.lending import auction, figures, risk, settlement
from dualis.lending.liquidation_models import AUCTION_START, SETTLEMENT, TRIGGER, Bid, Liquidation
from dualis.lending.models import Pool
from dualis.lending.view import View
from dualis.timestamps import iso, iso_or_none

MONEY_PLACES = 6  # of bonus, reward and fee in USD (spec 1.3 writes 84.375)


def trigger_row(row: Liquidation, position: risk.Position) -> dict[str, Any]:
    """Return the stage `trigger`."""
    return {
        "stage": TRIGGER,
        **_names(row),
        "healthFactor": _ratio(row.health_before),
        "debtUSD": format(risk.usd_up(risk.debt_value(position)), "f"),
        "collateralUSD": format(risk.usd_down(risk.collateral_value(position)), "f"),
        "share": float(auction.SHARES[row.auction.tier]),
        "triggeredAt": iso(row.opened_at),
    }


def auction_row(row: Liquidation, position: risk.Position) -> dict[str, Any]:
    """Return the stage `auction_start`; `endsAt` holds if no price freezes and health stays."""
    first, *_ = auction.sellable(position)
    clock = timedelta(seconds=auction.CLOCK_SECONDS[row.auction.tier])
    return {
        "stage": AUCTION_START,
        **_names(row),
        "healthFactor": _ratio(row.health_before),
        "auctionId": row.auction_id,
        "debtAsset": position.debt.asset,
        "debtTarget": plain_trimmed(auction.left_up(row.auction, position)),
        "collateralAsset": first.asset,
        "collateralAvailable": plain_trimmed(first.amount),
        "oraclePrice": plain_trimmed(first.price.spot),
        "startBonus": 0,
        "maxBonus": float(first.terms.penalty),
        "collateral": _collateral(position),
        "startsAt": iso(row.opened_at),
        "endsAt": iso(row.opened_at + clock),
    }


def settlement_row(row: Liquidation, pool: Pool) -> dict[str, Any]:
    """Return the stage `settlement`; `tier` is that of the trigger, `finalTier` the last one."""
    return {
        "stage": SETTLEMENT,
        **_names(row),
        "auctionId": row.auction_id,
        "debtAsset": pool.asset_id,
        **_result(row),
        "healthFactor": _ratio(row.health_after),
    }


def liquidation_row(row: Liquidation, pool: Pool) -> dict[str, Any]:
    """Return a liquidation as REST lists it."""
    return {
        **_names(row),
        "auctionId": row.auction_id,
        "status": row.status,
        "debtAsset": pool.asset_id,
        "openedAt": iso(row.opened_at),
        **_result(row),
    }


def running_row(row: Liquidation, position: risk.Position, *, is_live: bool) -> dict[str, Any]:
    """Return what REST adds to an open liquidation: what can be bid for now."""
    found = row.auction
    clock = auction.CLOCK_SECONDS[found.tier]
    cap = settlement.cap_down(position)
    return {
        "debtLeft": plain_trimmed(auction.left_up(found, position)),
        "minimumBid": plain_trimmed(settlement.least_up(found, position)),
        "maximumBid": plain_trimmed(settlement.most_up(found, position)),
        "secondsLeft": float(max(clock - found.live_seconds, Decimal(0))),
        "clockSeconds": clock,
        "isLive": is_live,
        "bonusCap": _ratio(cap),
        "healthFactor": _ratio(risk.health_factor_down(risk.health(position))),
        "collateral": [
            {**shown, "bonus": float(settlement.bonus_down(found, position, held))}
            for shown, held in zip(_collateral(position), auction.sellable(position), strict=True)
        ],
    }


def quote_row(row: Liquidation, taken: settlement.Taken, view: View) -> dict[str, Any]:
    """Return what a bid would pay and get; `bonus` is what it gets above what it pays, in USD."""
    asset = row.pool.asset_id
    paid = EXACT.multiply(taken.repaid, view.quotes[asset].price)
    parts = []
    gain = paid.copy_negate()
    for part in taken.seizures:
        price = view.quotes[part.asset].price
        worth = EXACT.multiply(part.reward, price)
        gain = EXACT.add(gain, worth)
        parts.append(
            {
                "symbol": part.asset,
                "amount": plain_trimmed(part.reward),
                "valueUSD": format(risk.usd_down(worth), "f"),
                "protocolFee": plain_trimmed(part.fee),
            }
        )
    return {
        "auctionId": row.auction_id,
        "pays": {
            "symbol": asset,
            "amount": plain_trimmed(taken.repaid),
            "valueUSD": format(risk.usd_up(paid), "f"),
        },
        "receives": parts,
        "bonus": _money(gain),
    }


def bid_row(bid: Bid) -> dict[str, Any]:
    """Return a bid as everybody may see it."""
    return {
        "bidId": bid.id,
        "by": "bidder" if bid.user_id else "backstop",
        "debtRepaid": plain_trimmed(bid.repaid),
        "seized": _amounts(bid.seized),
        "received": _amounts(bid.reward),
        "bonus": _money(bid.bonus_usd),
        "at": iso(bid.at),
    }


def risk_of(row: Liquidation, view: View) -> risk.Position:
    """Return the position of a liquidation as the pure cores see it; reads the position."""
    return figures.risk_position(row.position, view)


def _names(row: Liquidation) -> dict[str, Any]:
    return {
        "liquidationId": row.id,
        "positionId": row.position_id,
        "borrowerAlias": row.alias,
        "poolId": row.pool_id,
        "tier": row.opened_tier,
    }


def _result(row: Liquidation) -> dict[str, Any]:
    seized = next(iter(row.seized), None)
    return {
        "finalTier": row.tier,
        "outcome": row.outcome or None,
        "debtRepaid": plain_trimmed(row.filled),
        "collateralAsset": seized,
        "collateralSeized": plain_trimmed(Decimal(row.seized[seized])) if seized else "0",
        "seized": _amounts(row.seized),
        "bonus": _money(row.bonus_usd),
        "liquidatorReward": _money(EXACT.subtract(row.bonus_usd, row.fee_usd)),
        "protocolFee": _money(row.fee_usd),
        "returnedToBorrower": _amounts(row.returned),
        "badDebt": plain_trimmed(row.bad_debt),
        "badDebtBorneBy": {who: plain_trimmed(Decimal(part)) for who, part in row.losses.items()},
        "healthFactorBefore": _ratio(row.health_before),
        "healthFactorAfter": _ratio(row.health_after),
        "settledAt": iso_or_none(row.settled_at),
    }


def _collateral(position: risk.Position) -> list[dict[str, Any]]:
    return [
        {
            "symbol": held.asset,
            "amount": plain_trimmed(held.amount),
            "valueUSD": format(risk.usd_down(risk.value(held)), "f"),
            "oraclePrice": plain_trimmed(held.price.spot),
            "maxBonus": float(held.terms.penalty),
        }
        for held in auction.sellable(position)
    ]


def _amounts(kept: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"symbol": symbol, "amount": plain_trimmed(Decimal(amount))}
        for symbol, amount in kept.items()
    ]


def _money(usd: Decimal) -> str:
    return plain_trimmed(round_even(usd, MONEY_PLACES))


def _ratio(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
