"""What a bid would buy now, in the auction of a liquidation or in a resale. Reads; binds nobody.

It is asked without an account, so what depends on the bidder is left to the bid: the wallet, and
that nobody bids on his own position. A bid also charges the interest up to its own moment.
"""

from datetime import datetime
from typing import Any

from dualis import amounts, errors
from dualis.lending import (
    auction,
    bidding,
    liquidation_desk,
    liquidation_figures,
    resale,
    resale_figures,
    resales,
    settlement,
)
from dualis.lending.liquidation_models import OPEN, Liquidation
from dualis.lending.models import Market
from dualis.lending.resale_models import Resale
from dualis.lending.view import View


def quote(auction_id: str, amount: str, now: datetime) -> dict[str, Any]:
    """Return what an amount ("max": all that is left) pays and gets, as REST shows it.

    AuctionNotFound, AuctionEnded, AuctionPaused, BidTooSmall, BidTooLarge, BidLeavesDust,
    ProtocolPaused.
    """
    market, view = Market.objects.get(id=1), View.read(now)
    if market.is_paused:
        raise errors.ProtocolPaused()
    row = Liquidation.objects.select_related("position", "pool").filter(auction_id=auction_id)
    if (found := row.first()) is not None:
        return _of_liquidation(found, amount, market, view, now)
    resold = Resale.objects.select_related("pool").filter(id=auction_id).first()
    if resold is None:
        raise errors.AuctionNotFound(auctionId=auction_id)
    return _of_resale(resold, amount, market, view)


def _of_liquidation(
    row: Liquidation, amount: str, market: Market, view: View, now: datetime
) -> dict[str, Any]:
    if row.status != OPEN or not row.position.is_open():
        raise errors.AuctionEnded(auctionId=row.auction_id)
    found = liquidation_figures.risk_of(row, view)
    if auction.is_recovered(found):
        raise errors.AuctionEnded(auctionId=row.auction_id)
    if not liquidation_desk.is_live(found, market, now):
        raise errors.AuctionPaused(auctionId=row.auction_id)
    asked = amounts.parse(amount, row.pool.places)
    if asked is None:
        asked = settlement.most_up(row.auction, found)
    try:
        taken = settlement.bid(row.auction, found, asked)
    except settlement.BidRefusal as refusal:
        raise bidding.refused(refusal, row.pool.asset_id) from refusal
    return liquidation_figures.quote_row(row, taken, view)


def _of_resale(row: Resale, amount: str, market: Market, view: View) -> dict[str, Any]:
    if not row.is_open:
        raise errors.AuctionEnded(auctionId=row.id)
    if not resales.is_live(row, market, view):
        raise errors.AuctionPaused(auctionId=row.id)
    sale = resale_figures.sale_of(row, view)
    asked = amounts.parse(amount, sale.paid.places)
    if asked is None:
        asked = resale.most_up(sale)
    try:
        bought = resale.bought_down(sale, asked)
    except settlement.BidRefusal as refusal:
        raise bidding.refused(refusal, row.pool.asset_id) from refusal
    return resale_figures.quote_row(row, sale, asked, bought)
