"""Liquidating accounts whose maintenance exceeds their margin (notional 10; rulings 32, 33).

One transaction an account, in this order, looking again after each step:
1. all its orders are cancelled, and its pending withdrawals fail;
2. its positions are closed against the book within the band, the largest first; a partial
   liquidation stops as soon as the ratio is below 1;
3. what the book did not take, the backstop takes over at the bankruptcy price as far as its own
   margin goes, and beyond it traders on the other side, the most profitable first (adl);
4. USDC that is still owed is paid by what collateral there is, the insurance, the backstop.

A frozen price counts at its last value moved 10 % in the owner's favour for whether there is a
liquidation at all (rulings, 2); what has no live price is not sold in its book, only taken over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis.apart import Apart
from dualis.exact import EXACT, ZERO, div_up, mul_down
from dualis.trading import books, fills, matching, order_rules, state, summary, withdrawals
from dualis.trading.bankruptcy import takeover_price
from dualis.trading.desk import Desk, lock_books, open_desk
from dualis.trading.margin import Held, Margin, Stage
from dualis.trading.markets import COLLATERAL, MARKETS, USDC
from dualis.trading.marks import Marks
from dualis.trading.models import MarginAccount, MarginOrder
from dualis.trading.orderbook import Order, Side, Tif, Trade
from dualis.trading.positions import Position, notional, unrealized_pnl
from dualis.trading.state import BACKSTOP, FEES, INSURANCE, SYSTEM, VENUE, Account
from dualis.trading.statuses import ACTIVE

BACKSTOP_LEVERAGE = Decimal(5)  # of what the backstop holds: its notional is at most this
ADL, TAKEN = "adl", "backstop"
ADL_REACH = 50  # accounts of the other side that one liquidation may close
_AT_RISK = (Stage.PARTIAL, Stage.FULL)


def run(now: datetime) -> int:
    """Liquidate every account that has to be; return how many. A contended one waits for a tick."""
    marks = Marks.read(now)
    done: set[str] = set()

    def act(names: Sequence[str]) -> None:
        if liquidate(names[0], now):
            done.add(names[0])

    with Apart("liquidating margin accounts") as apart:
        for row in MarginAccount.objects.exclude(name__in=SYSTEM):
            if (row.positions or row.usdc < 0) and _is_at_risk(row.value, marks):
                apart.act(act, [row.name])
    return len(done)


@transaction.atomic
def liquidate(name: str, now: datetime) -> bool:
    """Liquidate one account if it has to be; tell whether it was. Locks as in `desk`."""
    rows = lock_books(MARKETS)  # of all markets: its orders and positions stay as they are
    marks = Marks.read(now)
    account = MarginAccount.objects.get(name=name).value
    reached = {
        coin: books.reach_of(_closing(coin, held), rows[coin], marks.prices[MARKETS[coin].feed])
        for coin, held in account.positions.items()
        if marks.is_live(MARKETS[coin].feed)
    }
    others = _other_side(name, account, marks)
    owners = set().union(*(found.owners for found in reached.values()))
    desk = open_desk({name, *owners, *others, VENUE, FEES, BACKSTOP, INSURANCE}, now, marks)
    if not _is_at_risk(desk.ledger.account(name), marks):
        return False
    desk.take_orders(_orders_at(desk, name, reached))
    first = _stage(desk, name) if account.positions else Stage.FULL
    desk.post(state.LIQUIDATION, name, {"stage": first.value, "ratio": _ratio(desk, name)})
    changed = _cancel_all(desk, name)
    withdrawals.fail_pending(desk, name)
    if _is_at_risk(desk.ledger.account(name), marks):
        changed |= _close_positions(desk, name, reached)
        _pay_debts(desk, name)
    if len(desk.transactions) == 1:
        return False  # nobody can pay; the next tick asks again
    for row in rows.values():
        row.save()
    desk.save(*(desk.orders[order_id] for order_id in sorted(changed)))
    return True


# --- steps --------------------------------------------------------------------------------------
def _cancel_all(desk: Desk, name: str) -> set[str]:
    own = [o for o in desk.orders.values() if o.account_id == name and o.is_active]
    for order in own:
        desk.end(order, "the account is liquidated")
    return {order.id for order in own}


def _close_positions(desk: Desk, name: str, reached: Mapping[str, books.Reached]) -> set[str]:
    """Sell and hand over what has to go; return the orders that this changed."""
    is_full = _stage(desk, name) is Stage.FULL
    changed: set[str] = set()
    for held in _held(desk, name):
        if held.coin in reached and (is_full or _stage(desk, name) in _AT_RISK):
            changed |= _sell(desk, name, held, reached[held.coin])
    if is_full or _stage(desk, name) in _AT_RISK:
        for held in _held(desk, name):
            if is_full or not _has_more(reached, held.coin):
                _take_over(desk, name, held)
    return changed


def _sell(desk: Desk, name: str, held: Held, reached: books.Reached) -> set[str]:
    """Close a position against the book within the band; return the orders that this changed."""
    market, request = MARKETS[held.coin], _closing(held.coin, held.position)
    limit = order_rules.limit_of(request, market, held.mark)
    order = Order(
        "liquidation", name, request.side, limit, request.size, Tif.IOC, is_reduce_only=True
    )
    matched = matching.match(desk, reached, order)
    return {row.id for row in matching.settle(desk, reached, matched)}


def _take_over(desk: Desk, name: str, held: Held) -> None:
    """Let the backstop take a position at the bankruptcy price, and traders what it cannot."""
    account = desk.ledger.account(name)
    value = summary.margin_of(account, desk.marks.prices).account_value
    whole = ZERO
    for one in _held(desk, name):
        whole = EXACT.add(whole, notional(one.position, one.mark))
    price = takeover_price(held, value, whole)
    left = abs(held.position.size)
    taken = min(left, _backstop_room(desk, held))
    if taken:
        _close(desk, name, BACKSTOP, held, taken, price, TAKEN)
        left = EXACT.subtract(left, taken)
    accounts = desk.ledger.accounts
    for other in _most_profitable(accounts, held.coin, held.position, desk.marks):
        if not left:
            return
        size = min(left, abs(desk.ledger.account(other).positions[held.coin].size))
        _close(desk, name, other, held, size, price, ADL)
        left = EXACT.subtract(left, size)
    if left:  # nobody stands on the other side but the backstop: it takes what it must
        _close(desk, name, BACKSTOP, held, left, price, TAKEN)


def _close(
    desk: Desk, name: str, other: str, held: Held, size: Decimal, price: Decimal, forced: str
) -> None:
    side = Side.SELL if held.position.size > 0 else Side.BUY
    trade = Trade("", "", other, name, side, price, size)
    fills.book_trade(desk, trade, held.coin, forced=forced)


def _pay_debts(desk: Desk, name: str) -> None:
    """Once no position is left: the backstop buys collateral for what is owed, insurance pays."""
    account = desk.ledger.account(name)
    if account.positions or not account.borrowed:
        return
    for asset in sorted(account.assets):
        _sell_collateral(desk, name, asset)
    for payer in (INSURANCE, BACKSTOP):
        paid = min(account.borrowed, max(desk.ledger.account(payer).usdc, ZERO))
        if paid:
            data = {"from": payer, "amount": format(paid, "f"), "reason": "liquidation"}
            desk.post(state.SETTLEMENT, name, data)


def _sell_collateral(desk: Desk, name: str, asset: str) -> None:
    """Sell so much of an asset to the backstop at its mark as pays what is owed."""
    account, terms = desk.ledger.account(name), COLLATERAL[asset]
    price = desk.marks.prices.get(terms.feed)
    owed = min(account.borrowed, max(desk.ledger.account(BACKSTOP).usdc, ZERO))
    if not price or not owed:
        return
    free = EXACT.subtract(account.assets[asset], account.held(asset))
    sold = min(free, div_up(owed, price, terms.places))
    paid = min(owed, mul_down(sold, price, COLLATERAL[USDC].places))
    if paid:
        data = {"asset": asset, "amount": format(sold, "f"), "reason": "liquidation"}
        desk.post(state.SETTLEMENT, BACKSTOP, {"from": name, **data})
        data = {"amount": format(paid, "f"), "reason": "liquidation"}
        desk.post(state.SETTLEMENT, name, {"from": BACKSTOP, **data})


# --- what is looked at --------------------------------------------------------------------------
def _held(desk: Desk, name: str) -> list[Held]:
    """Return the open positions of an account, the one that needs most margin first."""
    found = summary.held_of(desk.ledger.account(name), desk.marks.prices)
    return sorted((h for h in found if h.position.size), key=lambda h: (-h.maintenance, h.coin))


def _is_at_risk(account: Account, marks: Marks) -> bool:
    """Tell whether an account has to be liquidated: a debt that nothing covers counts too."""
    found = summary.margin_at_risk(account, marks.prices, marks.frozen)
    is_lost = account.usdc < 0 and not account.positions and found.total_margin <= 0
    return found.stage in _AT_RISK or is_lost


def _margin(desk: Desk, name: str) -> Margin:
    marks = desk.marks
    return summary.margin_at_risk(desk.ledger.account(name), marks.prices, marks.frozen)


def _stage(desk: Desk, name: str) -> Stage:
    return _margin(desk, name).stage


def _ratio(desk: Desk, name: str) -> str | None:
    found = _margin(desk, name).ratio_up
    return None if found is None else format(found, "f")


def _closing(coin: str, held: Position) -> order_rules.Request:
    """Return the order that closes a position."""
    side = Side.SELL if held.size > 0 else Side.BUY
    return order_rules.Request(coin, side, abs(held.size), is_reduce_only=True)


def _has_more(reached: Mapping[str, books.Reached], coin: str) -> bool:
    """Tell whether the book goes on behind what was read of it: the next tick sells there."""
    return coin in reached and reached[coin].edge is not None


def _orders_at(desk: Desk, name: str, reached: dict[str, books.Reached]) -> list[MarginOrder]:
    """Return one object for each order: the account's own, and those that it may trade with."""
    rows = {o.id: o for o in MarginOrder.objects.filter(account_id=name, status__in=ACTIVE)}
    for found in reached.values():
        found.orders = {key: rows.setdefault(key, row) for key, row in found.orders.items()}
    return list(rows.values())


def _other_side(name: str, account: Account, marks: Marks) -> set[str]:
    """Return who may be deleveraged: in each market the most profitable on the other side."""
    rows = MarginAccount.objects.exclude(name__in=(*SYSTEM, name)).exclude(positions={})
    accounts = {row.name: row.value for row in rows}
    found: set[str] = set()
    for coin, held in account.positions.items():
        found.update(_most_profitable(accounts, coin, held, marks)[:ADL_REACH])
    return found


def _most_profitable(
    accounts: Mapping[str, Account], coin: str, held: Position, marks: Marks
) -> list[str]:
    """Return who holds the other side of a position, by profit on the margin used, then by name."""
    found: list[tuple[Decimal, str]] = []
    for other, account in accounts.items():
        for one in summary.held_of(account, marks.prices):
            is_other = one.coin == coin and one.position.size * held.size < 0
            if is_other and other not in SYSTEM:
                profit = unrealized_pnl(one.position, one.mark)
                found.append((EXACT.divide(profit, one.initial).copy_negate(), other))
    return [other for _, other in sorted(found)]


def _backstop_room(desk: Desk, held: Held) -> Decimal:
    """Return how much of a position the backstop may take: it stays within its leverage."""
    account = desk.ledger.account(BACKSTOP)
    worth = max(account.balance(USDC), ZERO)
    used = ZERO
    for one in summary.held_of(account, desk.marks.prices):
        used = EXACT.add(used, notional(one.position, one.mark))
    room = max(EXACT.subtract(EXACT.multiply(worth, BACKSTOP_LEVERAGE), used), ZERO)
    market = MARKETS[held.coin]
    unit = Decimal(1).scaleb(-market.size_places)
    return EXACT.divide(room, held.mark).quantize(unit, rounding="ROUND_DOWN", context=EXACT)
