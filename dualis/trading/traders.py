"""The marked traders of a development market: they buy and sell a little, as anybody may."""

from datetime import datetime
from decimal import Decimal
from random import Random

from dualis.exact import ZERO, div_down
from dualis.trading import orders
from dualis.trading.markets import MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import MarginAccount, MarginOrder
from dualis.trading.order_rules import Request
from dualis.trading.orderbook import Side
from dualis.trading.statuses import IN_BOOK

TRADERS = tuple(f"0x513{number:037x}" for number in range(0x11, 0x15))
USD = (200, 3_000)  # worth of one order
MOST_USD = Decimal(20_000)  # worth of a position, above which a trader only reduces
RESTING = 3  # orders of a trader in the book, above which he cancels one
_SEED = "traders"


def step(now: datetime) -> bool:
    """Let one trader place or cancel one order; tell whether he did.

    What is drawn depends on the second alone; what is refused is a rejection, as anybody's.
    """
    draw = Random(f"{_SEED} {int(now.timestamp())}")
    name = draw.choice(TRADERS)
    account = MarginAccount.objects.filter(name=name).first()
    coin = draw.choice(sorted(MARKETS))
    market, marks = MARKETS[coin], Marks.read(now)
    if account is None or not marks.is_live(market.feed):
        return False
    resting = MarginOrder.objects.filter(account_id=name, status__in=IN_BOOK)
    if resting.count() > RESTING:
        oldest = resting.order_by("venue_oid").first()
        assert oldest is not None, "there are some"
        return orders.cancel(name, [oldest.id], now=now) != [None]
    mark = marks.prices[market.feed]
    held = account.value.positions.get(coin)
    size_held = held.size if held else ZERO
    is_full = abs(size_held) * mark > MOST_USD
    side = Side.SELL if size_held > 0 else Side.BUY
    if not is_full:
        side = draw.choice([Side.BUY, Side.SELL])
    size = div_down(Decimal(draw.randint(*USD)), mark, market.size_places)
    if not size:
        return False
    price = None
    if draw.random() < 0.4:
        away = Decimal(draw.randint(2, 40)).scaleb(-4)
        wanted = mark * (1 - away if side is Side.BUY else 1 + away)
        price = market.rounded(wanted, side)
    placed = orders.place(name, [Request(coin, side, size, price)], now=now)
    return placed[0].order is not None
