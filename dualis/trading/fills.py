"""Booking trades: one transaction and one fill for each side, under the trade's one number."""

from decimal import Decimal

from dualis.exact import EXACT, ZERO
from dualis.trading import state
from dualis.trading.charges import fee_up
from dualis.trading.desk import Desk
from dualis.trading.models import Fill, MarginOrder
from dualis.trading.orderbook import Side, Trade
from dualis.trading.positions import Position, fill, floor_usdc
from dualis.trading.statuses import FILLED, PARTIAL
from dualis.trading.venues import VenueFill


def book_trade(
    desk: Desk,
    trade: Trade,
    coin: str,
    *,
    taker: MarginOrder | None = None,
    maker: MarginOrder | None = None,
    forced: str = "",
) -> None:
    """Book both sides of a trade and take it off their orders; the caller saves those.

    A side without an order is a maker's quote, or a position that is closed or taken by force.
    """
    tid = desk.head.next_tid
    desk.head.next_tid += 1
    side = trade.taker_side
    _book(desk, taker, trade.taker, coin, side, trade, tid, is_taker=True, forced=forced)
    _book(desk, maker, trade.maker, coin, side.other, trade, tid, is_taker=False, forced=forced)
    for order in (taker, maker):
        if order is not None:
            order.size = EXACT.subtract(order.size, trade.size)
            desk.set_status(order, PARTIAL if order.size else FILLED)


def book_external(desk: Desk, owner: str, told: VenueFill) -> None:
    """Book a fill that another venue tells of: the ledger's venue account holds its other side."""
    trade = Trade("", "", "", owner, told.side, told.price, told.size)
    _book(
        desk,
        None,
        owner,
        told.coin,
        told.side,
        trade,
        told.tid,
        is_taker=told.is_taker,
        fee=floor_usdc(told.fee.copy_negate()).copy_negate(),  # up
        venue_oid=told.oid,
    )


def _book(
    desk: Desk,
    order: MarginOrder | None,
    owner: str,
    coin: str,
    side: Side,
    trade: Trade,
    tid: int,
    *,
    is_taker: bool,
    forced: str = "",
    fee: Decimal | None = None,
    venue_oid: int = 0,
) -> None:
    before = desk.ledger.account(owner).positions.get(coin, Position())
    done = fill(before, side, trade.size, trade.price)
    if fee is None:
        fee = ZERO if forced else fee_up(trade.price, trade.size, is_taker=is_taker)
    order_id = order.id if order else ""
    data = {
        "coin": coin,
        "side": side.value,
        "size": format(trade.size, "f"),
        "price": format(trade.price, "f"),
        "fee": format(fee, "f"),
        "closedPnl": format(done.closed_pnl, "f"),
        "tid": tid,
        "isTaker": is_taker,
    } | ({"forced": forced} if forced else {})
    hash = desk.post(state.ORDER_FILLED, owner, data, order_id)
    desk.fills.append(
        Fill(
            account=desk.accounts[owner],
            tid=tid,
            order_id=order_id,
            venue_oid=order.venue_oid if order else venue_oid,
            coin=coin,
            side=side.value,
            price=trade.price,
            size=trade.size,
            start_position=before.size,
            direction=done.direction.value,
            closed_pnl=done.closed_pnl,
            fee=fee,
            is_taker=is_taker,
            hash=hash,
            forced=forced,
            at=desk.now,
        )
    )
