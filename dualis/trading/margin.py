"""Cross margin of an account: what it is worth, what it needs, when it is liquidated. Pure.

notional 10 and rulings 32, 33. Values are exact USDC; what is shown is rounded by who shows it.
Knows balances, positions and marks. Knows nothing of users, orders' lives, rows or time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from dualis.exact import EXACT, ZERO, div_up
from dualis.trading.orderbook import Side
from dualis.trading.positions import Position, notional, unrealized_pnl

RATIO_PLACES = 6
PRICE_PLACES = 8
PARTIAL_FROM = Decimal(1)  # notional 10: at 1.0 positions are closed one by one
FULL_FROM = Decimal("1.5")
WARNING_FROM = Decimal("0.90")
ONE, TWO = Decimal(1), Decimal(2)


class Stage(StrEnum):
    """How near an account is to liquidation."""

    HEALTHY = "healthy"
    WARNING = "warning"
    PARTIAL = "partial"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Balance:
    """An asset in the account. `amount` counts as margin; negative USDC is borrowed.

    `ltv` is what share of its worth counts; what is segregated is not in `amount`.
    """

    asset: str
    amount: Decimal
    price: Decimal
    ltv: Decimal

    @property
    def value(self) -> Decimal:
        """Return the worth in USDC."""
        return EXACT.multiply(self.amount, self.price)

    @property
    def margin(self) -> Decimal:
        """Return what counts as margin; a debt counts whole (rulings, 32)."""
        return EXACT.multiply(self.value, self.ltv) if self.amount > 0 else self.value


@dataclass(frozen=True, slots=True)
class Held:
    """A position in a market: its mark, the leverage its owner chose, the most the market takes."""

    coin: str
    position: Position
    mark: Decimal
    leverage: Decimal
    max_leverage: Decimal

    @property
    def initial(self) -> Decimal:
        """Return the margin it uses."""
        return EXACT.divide(notional(self.position, self.mark), self.leverage)

    @property
    def maintenance(self) -> Decimal:
        """Return the margin below which it is closed."""
        return EXACT.multiply(notional(self.position, self.mark), self.maintenance_rate)

    @property
    def maintenance_rate(self) -> Decimal:
        return EXACT.divide(ONE, EXACT.multiply(TWO, self.max_leverage))


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """What of an open order is not filled yet, and the price at which it fills as a maker."""

    coin: str
    side: Side
    size: Decimal
    price: Decimal
    is_reduce_only: bool = False

    def loss(self, mark: Decimal) -> Decimal:
        """Return what filling it would cost at once: whoever meets it trades at its price."""
        worse = EXACT.subtract(self.price, mark)
        if self.side is Side.SELL:
            worse = worse.copy_negate()
        return max(EXACT.multiply(worse, self.size), ZERO)


@dataclass(frozen=True, slots=True)
class Margin:
    """The figures of an account at one moment.

    `initial` is what positions use, what open orders would, and `order_loss`: what these would
    lose against the marks.
    """

    account_balance: Decimal
    unrealized_pnl: Decimal
    total_margin: Decimal
    initial: Decimal
    maintenance: Decimal
    order_loss: Decimal = ZERO

    @property
    def account_value(self) -> Decimal:
        return EXACT.add(self.account_balance, self.unrealized_pnl)

    @property
    def after_orders(self) -> Decimal:
        """Return the margin that is left once every open order has filled at its price."""
        return EXACT.subtract(self.total_margin, self.order_loss)

    @property
    def available(self) -> Decimal:
        """Return what new positions may use."""
        return max(EXACT.subtract(self.total_margin, self.initial), ZERO)

    @property
    def ratio_up(self) -> Decimal | None:
        """Return maintenance / total margin, lower is healthier; None at or below no margin."""
        if self.total_margin <= 0:
            return None if self.maintenance else ZERO
        return div_up(self.maintenance, self.total_margin, RATIO_PLACES)

    @property
    def stage(self) -> Stage:
        """Return how near liquidation is; no margin with an open position is full (rulings, 32)."""
        if not self.maintenance:
            return Stage.HEALTHY
        if self.total_margin <= 0 or self._is_at(FULL_FROM):
            return Stage.FULL
        if self._is_at(PARTIAL_FROM):
            return Stage.PARTIAL
        return Stage.WARNING if self._is_at(WARNING_FROM) else Stage.HEALTHY

    def _is_at(self, ratio: Decimal) -> bool:
        return self.maintenance >= EXACT.multiply(self.total_margin, ratio)


def margin_of(
    balances: Sequence[Balance], held: Sequence[Held], orders: Sequence[OpenOrder] = ()
) -> Margin:
    """Return the figures of an account.

    Open orders count where they would enlarge a position, and all of them, reduce-only ones too,
    with what they would lose at their price.
    """
    balance = total = pnl = initial = maintenance = loss = ZERO
    for one in balances:
        balance = EXACT.add(balance, one.value)
        total = EXACT.add(total, one.margin)
    for one_held in held:
        pnl = EXACT.add(pnl, unrealized_pnl(one_held.position, one_held.mark))
        initial = EXACT.add(initial, one_held.initial)
        maintenance = EXACT.add(maintenance, one_held.maintenance)
    markets = {one_held.coin: one_held for one_held in held}
    for coin, size in _increasing(orders, held).items():
        market = markets[coin]
        initial = EXACT.add(
            initial, EXACT.divide(EXACT.multiply(size, market.mark), market.leverage)
        )
    for order in orders:
        loss = EXACT.add(loss, order.loss(markets[order.coin].mark))
    initial = EXACT.add(initial, loss)
    return Margin(balance, pnl, EXACT.add(total, pnl), initial, maintenance, loss)


def liquidation_price(
    held: Held, margin: Margin, *, collateral: Decimal = ZERO, ltv: Decimal = ZERO
) -> Decimal | None:
    """Return the mark at which the account's ratio reaches 1, all other prices staying.

    `collateral` is what the account holds of the coin itself, which moves with it. None where no
    price above zero does. Rounded to 8 places, half to even: a figure to be shown.
    """
    size = held.position.size
    if not size:
        return None
    rate = held.maintenance_rate
    others = EXACT.subtract(margin.maintenance, held.maintenance)
    slope = EXACT.add(size, EXACT.multiply(collateral, ltv))
    fixed = EXACT.subtract(margin.total_margin, EXACT.multiply(slope, held.mark))
    divisor = EXACT.subtract(slope, EXACT.multiply(abs(size), rate))
    if not divisor:
        return None
    price = EXACT.divide(EXACT.subtract(others, fixed), divisor)
    if price <= 0:
        return None
    return price.quantize(Decimal(1).scaleb(-PRICE_PLACES), context=EXACT)


def _increasing(orders: Sequence[OpenOrder], held: Sequence[Held]) -> Mapping[str, Decimal]:
    """Return by coin how much the orders of the larger side could add to the position.

    Buys and sells of one coin cannot both add: what counts is the worse of the two.
    """
    sizes = {one.coin: one.position.size for one in held}
    buys: dict[str, Decimal] = {}
    sells: dict[str, Decimal] = {}
    for order in orders:
        if not order.is_reduce_only:
            side = buys if order.side is Side.BUY else sells
            side[order.coin] = EXACT.add(side.get(order.coin, ZERO), order.size)
    found = {}
    for coin in {*buys, *sells}:
        size = sizes.get(coin, ZERO)
        after = max(
            abs(EXACT.add(size, buys.get(coin, ZERO))),
            abs(EXACT.subtract(size, sells.get(coin, ZERO))),
        )
        found[coin] = max(EXACT.subtract(after, abs(size)), ZERO)
    return found
