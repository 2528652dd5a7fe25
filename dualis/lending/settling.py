"""What a sale does to the books of pool, position, buyer and protocol; how a liquidation ends.

1. What is sold comes from `settlement` alone; here it is moved and booked.
2. A debt without collateral is written off in the transaction that sold the last of it; a position
   without debt is closed and what is left goes back to the borrower.
3. A liquidation is settled once: under its position's lock, with the stage's row as its key.
"""

from decimal import Decimal

from dualis.accounts import wallets
from dualis.accounts.ledger import Leg
from dualis.exact import EXACT, ZERO, div_down, div_up
from dualis.lending import (
    auction,
    backstop,
    bookings,
    bookkeeping,
    figures,
    liquidation_figures,
    settlement,
)
from dualis.lending.alert_models import HealthAlert, Told
from dualis.lending.liquidation_desk import Desk, added, health_shown
from dualis.lending.liquidation_models import (
    BY_BACKSTOP,
    BY_BID,
    CANCELLED,
    SETTLED,
    SETTLEMENT,
    Bid,
    LiquidationStage,
    exact,
    texts,
)


def sell(desk: Desk, taken: settlement.Taken, bidder: str | None) -> Bid:
    """Move what a bidder, or the backstop (None), has bought; return the bid, written.

    The caller has accrued. InsufficientBalance if the wallet cannot pay.
    """
    row, position = desk.running, desk.position
    asset = desk.pool.asset_id
    if bidder is None:
        paid = backstop.move(desk.backstop, asset, taken.repaid.copy_negate())
    else:
        paid = wallets.move(desk.wallets[bidder, asset], taken.repaid.copy_negate())
    _repay(desk, taken.repaid, paid)
    held, seized, fees = position.held(), exact(row.seized), exact(row.fees)
    reward: dict[str, Decimal] = {}
    value = fee_value = ZERO
    for part in taken.seizures:
        symbol = part.asset
        held[symbol] = EXACT.subtract(held[symbol], part.amount)
        seized = added(seized, symbol, part.amount)
        fees = added(fees, symbol, part.fee)
        reward[symbol] = part.reward
        value = EXACT.add(value, part.value)
        price = desk.view.quotes[symbol].price
        fee_value = EXACT.add(fee_value, EXACT.multiply(part.fee, price))
        desk.legs += [
            bookings.collateral(position, symbol, -part.amount),
            backstop.move(desk.backstop, symbol, part.reward)
            if bidder is None
            else wallets.move(desk.wallets[bidder, symbol], part.reward),
            backstop.fee(symbol, part.fee),
        ]
    position.set_held(held)
    cost = EXACT.multiply(taken.repaid, desk.view.quotes[asset].price)
    bonus = max(EXACT.subtract(value, cost), ZERO)
    row.set_auction(taken.auction)
    row.seized, row.fees = texts(seized), texts(fees)
    row.bonus_usd = EXACT.add(row.bonus_usd, bonus)
    row.fee_usd = EXACT.add(row.fee_usd, fee_value)
    row.outcome = BY_BACKSTOP if bidder is None else BY_BID
    return Bid.objects.create(
        liquidation=row,
        user_id=bidder,
        at=desk.now,
        repaid=taken.repaid,
        seized=texts({part.asset: part.amount for part in taken.seizures}),
        reward=texts(reward),
        bonus_usd=bonus,
    )


def finish(desk: Desk, buyer: str | None) -> None:
    """After a sale: write off, close, write everything, and settle if nothing is left to sell.

    A debt that no collateral stands behind is written off; a position without debt is closed.
    """
    found = desk.risk()
    if loss := settlement.bad_debt(found):
        _write_off(desk, loss)
    if not desk.position.scaled:
        _return_rest(desk)
    desk.save_sale(buyer)
    left = auction.left_up(desk.running.auction, found)
    if not desk.position.scaled or auction.is_recovered(found) or not left:
        settle(desk)
    else:
        desk.running.save()


def settle(desk: Desk) -> None:
    """End the liquidation and tell it; what was sold is in the row. The caller saved the rest.

    The borrower is told of a sale; `alerts` does that.
    """
    row, found = desk.running, desk.risk()
    row.status, row.settled_at = SETTLED, desk.now
    row.outcome = row.outcome or CANCELLED
    row.has_cooldown = auction.earns_cooldown(row.auction, found)
    row.health_after = health_shown(found)
    row.save()
    tell(desk, SETTLEMENT, liquidation_figures.settlement_row(row, desk.pool))
    if row.filled:
        told = Told(
            desk.position.user_id,
            desk.position.id,
            desk.pool.id,
            row.health_after,
            liquidation_id=row.id,
        )
        HealthAlert.queue([told], desk.now)


def tell(desk: Desk, stage: str, data: dict[str, object]) -> None:
    """Append a stage that the liquidation has reached: a second time is an IntegrityError."""
    row = desk.running
    LiquidationStage(
        key=f"{row.id}:{stage}", liquidation=row, stage=stage, data=data, at=desk.now
    ).save()


def _repay(desk: Desk, amount: Decimal, paid: Leg) -> None:
    """Repay a part of the debt; `paid` is the leg of who pays."""
    pool, position = desk.pool, desk.position
    books, done = bookkeeping.repay(pool.books, position.credit_tier, position.scaled, amount)
    pool.set_books(books)
    position.scaled = EXACT.subtract(position.scaled, done.scaled)
    position.principal = min(position.principal, done.remaining)
    desk.legs += bookings.debt_moved(position, pool, done.remaining, paid, done.dust)


def _write_off(desk: Desk, loss: Decimal) -> None:
    """Share a bad debt out (rulings, 21): fees, reserves, backstop, suppliers.

    Fees and backstop repay; reserves and the supply index bear what is left.
    """
    row, pool, position = desk.running, desk.pool, desk.position
    from_fees = _spend_fees(desk, loss)
    cash = EXACT.subtract(desk.backstop.cash, from_fees)
    shares = settlement.share_loss(
        loss, fees=from_fees, reserves=pool.books.reserves, backstop=cash
    )
    losses = {"fees": from_fees, "backstop": shares.backstop}
    if repaid := EXACT.add(from_fees, shares.backstop):
        _repay(desk, repaid, backstop.move(desk.backstop, pool.asset_id, -repaid))
    if position.scaled:
        books, done = bookkeeping.absorb_bad_debt(pool.books, position.credit_tier, position.scaled)
        pool.set_books(books)
        position.scaled = position.principal = ZERO
        desk.legs += bookings.debt_written_off(position, pool, done)
        losses |= {"reserves": done.from_reserves, "suppliers": done.from_suppliers}
    row.bad_debt, row.losses = loss, texts(losses)


def _spend_fees(desk: Desk, loss: Decimal) -> Decimal:
    """Sell fees of this liquidation to the backstop at spot; return what that pays of the loss.

    The backstop takes them in and owes their worth, rounded down, as far as its cash goes; fees
    in the debt asset are cash themselves. Fees without a live price stay where they are.
    """
    row, asset = desk.running, desk.pool.asset_id
    fees = exact(row.fees)
    worth = ZERO
    for held in figures.collaterals(fees, desk.view):
        if held.price.is_frozen:
            continue
        spare = EXACT.subtract(desk.backstop.cash, worth)
        if held.asset == asset:
            spare = EXACT.add(spare, held.amount)
        price = desk.view.quotes[asset].price
        full = div_down(EXACT.multiply(held.amount, held.price.spot), price, desk.pool.places)
        paid = min(full, spare, EXACT.subtract(loss, worth))
        if not paid:
            continue
        sold = held.amount
        if paid < full:
            sold = min(sold, div_up(EXACT.multiply(paid, price), held.price.spot, held.places))
        worth = EXACT.add(worth, paid)
        fees[held.asset] = EXACT.subtract(held.amount, sold)
        desk.legs += [
            backstop.fee(held.asset, -sold),
            backstop.move(desk.backstop, held.asset, sold),
        ]
    row.fees = texts(fees)
    return worth


def _return_rest(desk: Desk) -> None:
    """Give what collateral is left back to the borrower, and end the position."""
    position = desk.position
    rest = position.held()
    for symbol, amount in rest.items():
        desk.legs += [
            bookings.collateral(position, symbol, -amount),
            wallets.move(desk.wallets[position.user_id, symbol], amount),
        ]
    desk.running.returned = texts(rest)
    position.set_held({})
    position.close(desk.now)
