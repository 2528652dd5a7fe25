"""Bidding in a liquidation auction: pay debt from the wallet, get collateral into it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from dualis import amounts, errors
from dualis.exact import plain_trimmed
from dualis.lending import auction, settlement, settling
from dualis.lending.liquidation_desk import Desk, lock
from dualis.lending.liquidation_models import Bid, Liquidation


@dataclass(frozen=True, slots=True)
class Done:
    """What a bid bought, and the liquidation after it."""

    bid: Bid
    liquidation: Liquidation


@transaction.atomic
def bid(user_id: str, auction_id: str, amount: str, *, now: datetime) -> Done:
    """Repay an amount of the lot ("max": all that is left, as far as the wallet goes).

    At least 10 % of the lot or all that is left. Locks as in `liquidation_desk`. AuctionNotFound,
    AuctionEnded, AuctionPaused without live prices, Forbidden on one's own position, BidTooSmall,
    BidTooLarge, BidLeavesDust, InsufficientBalance, ProtocolPaused.
    """
    position_id = (
        Liquidation.objects.filter(auction_id=auction_id)
        .values_list("position_id", flat=True)
        .first()
    )
    if position_id is None:
        raise errors.AuctionNotFound(auctionId=auction_id)
    desk = lock(position_id, now, bidder=user_id)
    _require_open(desk, user_id, auction_id)
    desk.accrue()
    found, row = desk.risk(), desk.running
    asset = desk.pool.asset_id
    asked = amounts.parse(amount, desk.pool.places)
    if asked is None:
        most = settlement.most_up(row.auction, found)
        asked = min(most, desk.wallets[user_id, asset].amount)
    try:
        taken = settlement.bid(row.auction, found, asked)
    except settlement.BidRefusal as refusal:
        raise refused(refusal, asset) from refusal
    made = settling.sell(desk, taken, user_id)
    settling.finish(desk, user_id)
    return Done(made, row)


def _require_open(desk: Desk, user_id: str, auction_id: str) -> None:
    """Raise unless the auction runs and this user may bid in it."""
    row = desk.liquidation
    if row is None or row.auction_id != auction_id:
        raise errors.AuctionEnded(auctionId=auction_id)
    if desk.position.user_id == user_id:
        raise errors.Forbidden()
    if desk.market.is_paused:
        raise errors.ProtocolPaused()
    if auction.is_recovered(desk.risk()):
        raise errors.AuctionEnded(auctionId=auction_id)
    if not desk.is_live():
        raise errors.AuctionPaused(auctionId=auction_id)


def refused(refusal: settlement.BidRefusal, asset: str) -> errors.DomainError:
    """Return the refusal of the catalogue for one of an auction."""
    limit = plain_trimmed(refusal.limit)
    match refusal:
        case settlement.BidTooSmall():
            return errors.BidTooSmall(minimum=limit, asset=asset)
        case settlement.BidTooLarge():
            return errors.BidTooLarge(left=limit, asset=asset)
    return errors.BidLeavesDust(maximum=limit, asset=asset)
