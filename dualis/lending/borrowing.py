"""Open, borrow more, repay, add and remove collateral, close: one isolated position at a time.

1. Each is one transaction: lock pools by id, position, account, wallets; compute; save.
2. Borrowing and taking collateral out of a position with debt need live prices of all its assets
   (rulings, 2); repaying, adding collateral and leaving without debt never do.
3. What may be borrowed or removed is decided by `risk` alone: dialogs and REST show the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import amounts, errors
from dualis.accounts import wallets
from dualis.exact import EXACT, ZERO, div_down, mul_down, plain_trimmed
from dualis.lending import accounts, bookings, bookkeeping, figures, pools, risk
from dualis.lending.books import BooksRefusal, RepaysTooMuch
from dualis.lending.borrow_desk import (
    SUPPLY,
    WALLET,
    Desk,
    find_desk,
    pool_of,
    require_live,
    take_desk,
)
from dualis.lending.models import BorrowPosition, Pool
from dualis.lending.supplying import take_out
from dualis.lending.view import View


@dataclass(frozen=True, slots=True)
class Done:
    """What an operation did: the amount that moved and the position after it."""

    amount: Decimal
    position: BorrowPosition


@transaction.atomic
def open_position(
    user_id: str,
    pool_id: str,
    amount: str,
    collateral: Mapping[str, str],
    *,
    now: datetime,
    source: str = WALLET,
) -> Done:
    """Lock collateral and borrow against it; "max" borrows the whole capacity."""
    position = BorrowPosition(
        user_id=user_id,
        pool_id=pool_id,
        credit_tier=accounts.tier_of(user_id).value,
        opened_at=now,
        scaled=ZERO,
        principal=ZERO,
    )
    if not collateral:
        raise errors.ValidationError({"collateralAssets": ["names no collateral."]})
    desk = take_desk(position, now, collateral, source)
    for asset, text in collateral.items():
        _lock_up(desk, asset, text, source)
    lent = _lend(desk, amount)
    desk.save("borrow", "borrow")
    return Done(lent, position)


@transaction.atomic
def borrow(user_id: str, position_id: str, amount: str, *, now: datetime) -> Done:
    """Borrow more on an open position; "max" takes the whole capacity."""
    desk = find_desk(user_id, position_id, now)
    lent = _lend(desk, amount)
    desk.save("borrow", "borrow")
    return Done(lent, desk.position)


@transaction.atomic
def repay(user_id: str, position_id: str, amount: str, *, now: datetime) -> Done:
    """Repay from the wallet ("max": the whole debt, as far as the wallet goes).

    A full repayment returns all collateral and closes the position (rulings, 9).
    """
    return repay_at(find_desk(user_id, position_id, now), amount)


def repay_at(desk: Desk, amount: str) -> Done:
    """Repay as `repay` does, at a desk that is taken."""
    paid = _pay_back(desk, amounts.parse(amount, desk.pool.places))
    if not desk.position.scaled:
        _let_all_go(desk)
    desk.save("repay", "repay")
    return Done(paid, desk.position)


@transaction.atomic
def add_collateral(
    user_id: str, position_id: str, asset: str, amount: str, *, now: datetime, source: str = WALLET
) -> Done:
    """Lock more collateral, from the wallet or from what is supplied of the same asset."""
    desk = find_desk(user_id, position_id, now, [asset], source)
    return add_collateral_at(desk, asset, amount, source)


def add_collateral_at(desk: Desk, asset: str, amount: str, source: str = WALLET) -> Done:
    """Lock collateral as `add_collateral` does, at a desk that is taken with the asset."""
    added = _lock_up(desk, asset, amount, source)
    desk.save("add_collateral", "params")
    return Done(added, desk.position)


@transaction.atomic
def remove_collateral(
    user_id: str, position_id: str, asset: str, amount: str, *, now: datetime
) -> Done:
    """Let collateral go back into the wallet, as far as the debt allows ("max": all of that)."""
    desk = find_desk(user_id, position_id, now, [asset])
    position = desk.position
    held = position.held()
    if asset not in held:
        raise errors.ValidationError({"asset": [f"the position holds no {asset}."]})
    if position.scaled:
        require_live(desk)
    found = figures.risk_position(position, desk.view)
    most = risk.removable_down(found, asset)
    asked = amounts.parse(amount, pool_of(desk, asset).places)
    taken = most if asked is None else asked
    if taken > most or not taken:
        raise errors.HealthFactorTooLow(removable=plain_trimmed(most), asset=asset)
    _let_go(desk, asset, taken)
    desk.save("remove_collateral", "params")
    return Done(taken, position)


@transaction.atomic
def close_position(user_id: str, position_id: str, *, now: datetime) -> Done:
    """Repay everything from the wallet and take all collateral back, in one step."""
    desk = find_desk(user_id, position_id, now)
    paid = _pay_back(desk, figures.debt(desk.position, desk.pool))
    _let_all_go(desk)
    desk.save("close", "repay")
    return Done(paid, desk.position)


def _lend(desk: Desk, amount: str) -> Decimal:
    """Borrow for the position, if the pool, the caps, the prices and the collateral allow it."""
    pool, position = desk.pool, desk.position
    pools.require_open(pool, "borrow", desk.market)
    require_live(desk)
    pools.require_no_grace(desk.market, (pool.asset_id, *position.held()), desk.now)
    found = figures.risk_position(position, desk.view)
    price = found.debt.price.spot
    asked = amounts.parse(amount, pool.places)
    room = borrow_room_down(pool, desk.view)
    capacity = risk.capacity_down(found)
    lent = min(risk.borrowable_down(found), room, pool.cash) if asked is None else asked
    value = EXACT.multiply(lent, price)
    if value > capacity or not lent:
        raise errors.InsufficientCollateral(
            capacityUSD=plain_trimmed(mul_down(capacity, risk.ONE, 2)),
            requiredUSD=plain_trimmed(risk.usd_up(value)),
        )
    if lent > room:
        raise errors.BorrowCapReached(
            poolId=pool.id,
            capUSD=plain_trimmed(pool.borrow_cap_usd),
            roomUSD=plain_trimmed(mul_down(room, price, 2)),
        )
    try:
        books, done = bookkeeping.borrow(pool.books, position.credit_tier, lent)
    except BooksRefusal as error:
        raise pools.refusal(error, pool) from error
    pool.set_books(books)
    position.scaled = EXACT.add(position.scaled, done.scaled)
    position.principal = EXACT.add(position.principal, lent)
    _require_no_dust(desk)
    wallets.move(desk.wallet(pool.asset_id), lent)
    paid = bookings.wallet(desk.user_id, pool.asset_id, lent)
    debt = figures.debt(position, pool)
    desk.legs += bookings.debt_moved(position, pool, debt, paid, done.dust)
    return lent


def _pay_back(desk: Desk, asked: Decimal | None) -> Decimal:
    """Repay an amount; None is the whole debt, or the whole wallet if that is less."""
    pool, position = desk.pool, desk.position
    debt = figures.debt(position, pool)
    wallet = desk.wallet(pool.asset_id)
    amount = min(debt, wallet.amount) if asked is None else asked
    wallets.move(wallet, -amount)
    try:
        books, done = bookkeeping.repay(pool.books, position.credit_tier, position.scaled, amount)
    except RepaysTooMuch as error:
        raise errors.RepayExceedsDebt(debt=plain_trimmed(debt), asset=pool.asset_id) from error
    except BooksRefusal as error:
        raise pools.refusal(error, pool) from error
    pool.set_books(books)
    position.scaled = EXACT.subtract(position.scaled, done.scaled)
    position.principal = min(position.principal, done.remaining)
    if position.scaled:
        _require_no_dust(desk)
    paid = bookings.wallet(desk.user_id, pool.asset_id, -done.amount)
    desk.legs += bookings.debt_moved(position, pool, done.remaining, paid, done.dust)
    return done.amount


def _require_no_dust(desk: Desk) -> None:
    """Raise if a debt would be left that is worth less than 100 USD (rulings, 9)."""
    found = figures.risk_position(desk.position, desk.view)
    if risk.is_dust_debt(found):
        raise errors.DebtTooSmall(
            minimumUSD=plain_trimmed(risk.MIN_DEBT),
            debtUSD=plain_trimmed(risk.usd_up(risk.debt_value(found))),
        )


def _lock_up(desk: Desk, asset: str, text: str, source: str) -> Decimal:
    """Move an amount from the wallet or the supplied balance into the position."""
    pool = pool_of(desk, asset)
    if not (pool.is_collateral and pool.is_active):
        raise errors.CollateralNotAccepted(asset=asset)
    asked = amounts.parse(text, pool.places, field="collateral")
    position = desk.position
    if source == SUPPLY:
        supply = desk.supplies.get(asset)
        if supply is None:
            raise errors.PositionNotFound(positionId=f"in {pool.id}")
        amount, _, legs = take_out(
            supply,
            pool,
            asked,
            lambda paid: bookings.collateral(position, asset, paid),
            desk.now,
        )
        desk.legs += legs
    else:
        wallet = desk.wallet(asset)
        amount = wallet.amount if asked is None else asked
        wallets.move(wallet, -amount)
        desk.legs += [
            bookings.wallet(desk.user_id, asset, -amount),
            bookings.collateral(position, asset, amount),
        ]
    if not amount:
        raise errors.ValidationError({"collateral": [f"there is no {asset} to lock."]})
    held = position.held()
    position.set_held({**held, asset: EXACT.add(held.get(asset, ZERO), amount)})
    return amount


def _let_go(desk: Desk, asset: str, amount: Decimal) -> None:
    """Move collateral from the position into the wallet."""
    held = desk.position.held()
    desk.position.set_held({**held, asset: EXACT.subtract(held[asset], amount)})
    wallets.move(desk.wallet(asset), amount)
    desk.legs += [
        bookings.collateral(desk.position, asset, -amount),
        bookings.wallet(desk.user_id, asset, amount),
    ]


def _let_all_go(desk: Desk) -> None:
    """Return all collateral of a position without debt, and end it."""
    for asset, amount in desk.position.held().items():
        _let_go(desk, asset, amount)
    desk.position.close(desk.now)


def borrow_room_down(pool: Pool, view: View) -> Decimal:
    """Return how much of the asset the borrow cap still takes."""
    price = view.quotes[pool.asset_id].price
    cap = div_down(pool.borrow_cap_usd, price, pool.places)
    return max(EXACT.subtract(cap, pool.books.borrowed), ZERO)
