"""What resales say: the stages of the channel, and the rows of REST. Names no user.

Takes rows and a `View`; reads neither database nor clock. A resale's auction has the resale's id.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from dualis.exact import EXACT, plain_trimmed, round_even
from dualis.lending import resale, risk
from dualis.lending.liquidation_figures import MONEY_PLACES
from dualis.lending.liquidation_models import AUCTION_START, SETTLEMENT
from dualis.lending.resale_models import Resale, ResaleBid
from dualis.lending.view import View
from dualis.timestamps import iso, iso_or_none

KIND = "resale"
SOLD = "sold"  # the one outcome: a resale stays open until somebody has bought all of it


def sale_of(row: Resale, view: View) -> resale.Sale:
    """Return the resale as the pure core sees it; both assets have a pool and a quote."""
    return resale.Sale(
        lot=row.lot,
        left=EXACT.subtract(row.lot, row.sold),
        max_discount=row.max_discount,
        live_seconds=row.live_seconds,
        sold=_side(row.symbol, view),
        paid=_side(row.pool.asset_id, view),
    )


def auction_row(row: Resale, view: View) -> dict[str, Any]:
    """Return the stage `auction_start`; `fullDiscountAt` holds if no price freezes."""
    price = view.quotes[row.symbol].price
    return {
        "stage": AUCTION_START,
        **_names(row),
        "collateralAvailable": plain_trimmed(row.lot),
        "valueUSD": format(risk.usd_down(EXACT.multiply(row.lot, price)), "f"),
        "oraclePrice": plain_trimmed(price),
        "startDiscount": 0,
        "maxDiscount": float(row.max_discount),
        "startsAt": iso(row.opened_at),
        "fullDiscountAt": iso(row.opened_at + timedelta(seconds=resale.CLOCK_SECONDS)),
    }


def settlement_row(row: Resale) -> dict[str, Any]:
    """Return the stage `settlement`."""
    return {"stage": SETTLEMENT, **_names(row), **_result(row)}


def resale_row(row: Resale) -> dict[str, Any]:
    """Return a resale as REST lists it."""
    return {
        **_names(row),
        "status": row.status,
        "lot": plain_trimmed(row.lot),
        "maxDiscount": float(row.max_discount),
        "startsAt": iso(row.opened_at),
        **_result(row),
    }


def running_row(row: Resale, view: View, *, is_live: bool) -> dict[str, Any]:
    """Return what REST adds to an open resale: what can be bid for now."""
    sale = sale_of(row, view)
    seconds = max(resale.CLOCK_SECONDS - row.live_seconds, Decimal(0))
    return {
        "left": plain_trimmed(sale.left),
        "discount": float(resale.discount_down(sale)),
        "oraclePrice": plain_trimmed(sale.sold.price),
        "minimumBid": plain_trimmed(resale.least_up(sale)),
        "maximumBid": plain_trimmed(resale.most_up(sale)),
        "secondsLeft": float(seconds),
        "clockSeconds": resale.CLOCK_SECONDS,
        "isLive": is_live,
    }


def quote_row(row: Resale, sale: resale.Sale, paid: Decimal, bought: Decimal) -> dict[str, Any]:
    """Return what a bid would pay and get, in the shape of a liquidation's quote."""
    cost = EXACT.multiply(paid, sale.paid.price)
    worth = EXACT.multiply(bought, sale.sold.price)
    return {
        "auctionId": row.id,
        "pays": {
            "symbol": row.pool.asset_id,
            "amount": plain_trimmed(paid),
            "valueUSD": format(risk.usd_up(cost), "f"),
        },
        "receives": [
            {
                "symbol": row.symbol,
                "amount": plain_trimmed(bought),
                "valueUSD": format(risk.usd_down(worth), "f"),
                "protocolFee": "0",
            }
        ],
        "bonus": plain_trimmed(round_even(EXACT.subtract(worth, cost), MONEY_PLACES)),
    }


def bid_row(bid: ResaleBid) -> dict[str, Any]:
    """Return a bid as everybody may see it."""
    return {
        "bidId": bid.id,
        "paid": plain_trimmed(bid.paid),
        "received": plain_trimmed(bid.bought),
        "discount": float(bid.discount),
        "at": iso(bid.at),
    }


def bought_row(bid: ResaleBid, row: Resale) -> dict[str, Any]:
    """Return a bid and what it left, for its buyer."""
    return {**bid_row(bid), **_names(row), "status": row.status}


def _names(row: Resale) -> dict[str, Any]:
    return {
        "kind": KIND,
        "resaleId": row.id,
        "auctionId": row.id,
        "poolId": row.pool_id,
        "tier": resale.TIER,
        "paymentAsset": row.pool.asset_id,
        "collateralAsset": row.symbol,
    }


def _result(row: Resale) -> dict[str, Any]:
    return {
        "outcome": None if row.is_open else SOLD,
        "collateralSold": plain_trimmed(row.sold),
        "proceeds": plain_trimmed(row.proceeds),
        "settledAt": iso_or_none(row.settled_at),
    }


def _side(symbol: str, view: View) -> resale.Side:
    pool = view.pool_of(symbol)
    assert pool is not None, "what a backstop pays with and what it seizes has a pool"
    return resale.Side(view.quotes[symbol].price, pool.places)
