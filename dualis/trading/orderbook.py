"""The order book of one market: price-time priority, as a value in memory. Pure.

1. The book is never crossed: what could trade has traded before anything rests.
2. Better prices first, of one price the older order; a trade is at the resting order's price.
3. Nobody trades with himself: his resting order in the way is cancelled.
4. A reduce-only order trades at most what its owner's position allows, at the moment it trades.
5. A resting order whose owner cannot carry its next trade is cancelled instead.

Knows orders, prices and positions. Knows nothing of margin, money, rows or time.
"""

from bisect import insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from dualis.exact import EXACT, ZERO


class Side(StrEnum):
    """As the wire writes it: B buys (bid), A sells (ask)."""

    BUY = "B"
    SELL = "A"

    @property
    def other(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class Tif(StrEnum):
    """How long an order lives: until cancelled, only at once, or only if it rests."""

    GTC = "Gtc"
    IOC = "Ioc"
    ALO = "Alo"


@dataclass(slots=True)
class Order:
    """`size` is what is left of it; it falls as the order trades."""

    id: str
    owner: str
    side: Side
    price: Decimal
    size: Decimal
    tif: Tif = Tif.GTC
    is_reduce_only: bool = False


@dataclass(frozen=True, slots=True)
class Trade:
    """`maker` is the resting order, by its id; sides are the taker's."""

    maker_id: str
    taker_id: str
    maker: str
    taker: str
    taker_side: Side
    price: Decimal
    size: Decimal


@dataclass(slots=True)
class Outcome:
    """What came of a submitted order, in the order in which it happened.

    `rested` is what stands in the book now, `dropped` what neither traded nor rests; `cancelled`
    are the resting orders that ended on the way (own ones, reduce-only ones without a position).
    """

    trades: list[Trade] = field(default_factory=list)
    cancelled: list[Order] = field(default_factory=list)
    rested: Decimal = ZERO
    dropped: Decimal = ZERO
    would_trade: bool = False  # an Alo order that was refused for this


Positions = dict[str, Decimal]  # owner -> signed size, long is positive
Carries = Callable[[Order, Decimal], bool]  # asked of a resting order before each of its trades


def _always(order: Order, size: Decimal) -> bool:
    return True


class OrderBook:
    """Orders of one market. `positions` belong to the caller; trades move them."""

    def __init__(self) -> None:
        self._levels: dict[Side, dict[Decimal, deque[Order]]] = {Side.BUY: {}, Side.SELL: {}}
        # prices by side, the best one last: bids rise, asks (negated) rise too
        self._prices: dict[Side, list[Decimal]] = {Side.BUY: [], Side.SELL: []}
        self._orders: dict[str, Order] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._orders

    def best(self, side: Side) -> Decimal | None:
        """Return the best price of a side; None if nothing rests there."""
        prices = self._prices[side]
        return _price(side, prices[-1]) if prices else None

    def levels(self, side: Side, depth: int) -> list[tuple[Decimal, Decimal, int]]:
        """Return price, size and number of orders of the best levels of a side."""
        found = []
        for key in reversed(self._prices[side][-depth:] if depth else []):
            price = _price(side, key)
            queue = self._levels[side][price]
            total = ZERO
            for order in queue:
                total = EXACT.add(total, order.size)
            found.append((price, total, len(queue)))
        return found

    def submit(self, order: Order, positions: Positions, carries: Carries = _always) -> Outcome:
        """Match an order and let what is left rest, if its time in force says so.

        Moves `positions` by every trade. The order's own `size` falls to what rests. A trade that
        `carries` agrees to takes place.
        """
        outcome = Outcome()
        if order.tif is Tif.ALO and self._crosses(order):
            outcome.dropped, outcome.would_trade = order.size, True
            return outcome
        self._match(order, positions, outcome, carries)
        if order.is_reduce_only:
            allowed = reducible(order, positions)
            if order.size > allowed:
                outcome.dropped = EXACT.subtract(order.size, allowed)
                order.size = allowed
        if not order.size:
            return outcome
        if order.tif is Tif.IOC:
            outcome.dropped = EXACT.add(outcome.dropped, order.size)
            order.size = ZERO
        else:
            self._rest(order)
            outcome.rested = order.size
        return outcome

    def rest(self, order: Order) -> None:
        """Put an order into the book that is known not to cross: one that is read back."""
        assert not self._crosses(order), "a resting order does not cross the book"
        self._rest(order)

    def cancel(self, order_id: str) -> Order | None:
        """Take an order out of the book and return it; None if it is not there."""
        order = self._orders.pop(order_id, None)
        if order is not None:
            queue = self._levels[order.side][order.price]
            queue.remove(order)
            if not queue:
                self._drop_level(order.side, order.price)
        return order

    # --- inside ------------------------------------------------------------------------------
    def _match(
        self, order: Order, positions: Positions, outcome: Outcome, carries: Carries
    ) -> None:
        side = order.side.other
        while order.size and (best := self.best(side)) is not None and _reaches(order, best):
            queue = self._levels[side][best]
            maker = queue[0]
            size = min(order.size, maker.size)
            if order.is_reduce_only:
                size = min(size, reducible(order, positions))
                if not size:
                    return
            if maker.owner == order.owner:
                size = ZERO
            elif maker.is_reduce_only:
                allowed = reducible(maker, positions)
                size = min(size, allowed)
            if not size or not carries(maker, size):
                self._end(maker, queue)
                outcome.cancelled.append(maker)
                continue
            self._trade(order, maker, size, positions, outcome)
            if not maker.size:
                self._end(maker, queue)

    def _trade(
        self, taker: Order, maker: Order, size: Decimal, positions: Positions, outcome: Outcome
    ) -> None:
        taker.size = EXACT.subtract(taker.size, size)
        maker.size = EXACT.subtract(maker.size, size)
        for order in (taker, maker):
            moved = size if order.side is Side.BUY else size.copy_negate()
            positions[order.owner] = EXACT.add(positions.get(order.owner, ZERO), moved)
        outcome.trades.append(
            Trade(maker.id, taker.id, maker.owner, taker.owner, taker.side, maker.price, size)
        )

    def _crosses(self, order: Order) -> bool:
        best = self.best(order.side.other)
        return best is not None and _reaches(order, best)

    def _rest(self, order: Order) -> None:
        assert order.id not in self._orders, "an order rests once"
        levels = self._levels[order.side]
        if order.price not in levels:
            levels[order.price] = deque()
            insort(self._prices[order.side], _key(order.side, order.price))
        levels[order.price].append(order)
        self._orders[order.id] = order

    def _end(self, maker: Order, queue: deque[Order]) -> None:
        """Take the first order of a level away."""
        queue.popleft()
        del self._orders[maker.id]
        if not queue:
            self._drop_level(maker.side, maker.price)

    def _drop_level(self, side: Side, price: Decimal) -> None:
        del self._levels[side][price]
        self._prices[side].remove(_key(side, price))


def reducible(order: Order, positions: Positions) -> Decimal:
    """Return how much an order could trade without opening or enlarging its owner's position."""
    position = positions.get(order.owner, ZERO)
    against = position.copy_negate() if order.side is Side.BUY else position
    return max(against, ZERO)


def _reaches(order: Order, price: Decimal) -> bool:
    """Tell whether an order takes this price of the other side."""
    return order.price >= price if order.side is Side.BUY else order.price <= price


def _key(side: Side, price: Decimal) -> Decimal:
    return price if side is Side.BUY else price.copy_negate()


def _price(side: Side, key: Decimal) -> Decimal:
    return key if side is Side.BUY else key.copy_negate()
