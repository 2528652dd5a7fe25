"""What holds of the margin ledger after everything: books, quantities, orders, summaries."""

from collections import defaultdict
from decimal import Decimal

from dualis.trading import state, summary
from dualis.trading.margin import OpenOrder
from dualis.trading.markets import MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import BookState, Fill, LedgerTransaction, MarginAccount, MarginOrder
from dualis.trading.orderbook import Side
from dualis.trading.statuses import IN_BOOK
from tests import trading_world as tw


class Follower:
    """Folds the chain as it grows, and holds what is stored against what that gives."""

    def __init__(self):
        self.state = state.State()
        self.last = 0

    def catch_up(self):
        for tx in LedgerTransaction.objects.filter(id__gt=self.last).order_by("id"):
            state.apply(self.state, tx.value)
            self.last = tx.id

    def check(self):
        """The stored summary of every account is the one that its transactions give."""
        self.catch_up()
        marks = Marks.read()
        for row in MarginAccount.objects.all():
            orders = [
                OpenOrder(
                    order.coin,
                    order.side,
                    order.size,
                    Decimal(order.data["price"]),
                    order.data["reduceOnly"],
                )
                for order in self.state.orders.values()
                if order.user == row.name
            ]
            account = self.state.account(row.name)
            told = summary.summary(account, marks.prices, orders, marks.frozen)
            assert row.to_dict() == told


def check():
    """All sentences but the follower's: those of the ledger, the books and the fills."""
    tw.check()
    books_are_not_crossed()
    fills_fit()


def books_are_not_crossed():
    for coin in MARKETS:
        bids, asks = [], []
        for order in MarginOrder.objects.filter(coin=coin, status__in=IN_BOOK):
            (bids if order.side == Side.BUY else asks).append(order.price)
        for book in BookState.objects.filter(coin=coin):
            for _, side, price, size in book.quotes:
                if Decimal(size):
                    (bids if side == Side.BUY else asks).append(Decimal(price))
        assert not bids or not asks or max(bids) < min(asks), f"{coin} is crossed"


def fills_fit():
    """Trades have two sides, positions are their fills, orders what of them is not filled."""
    sides, sizes = defaultdict(list), defaultdict(Decimal)
    filled = defaultdict(Decimal)
    orders = {order.id: order for order in MarginOrder.objects.all()}
    for fill in Fill.objects.order_by("id"):
        signed = fill.size if fill.side == Side.BUY else -fill.size
        assert fill.start_position == sizes[fill.account_id, fill.coin]
        sizes[fill.account_id, fill.coin] += signed
        sides[fill.tid].append((fill.coin, fill.price, signed))
        filled[fill.order_id] += fill.size
        if fill.order_id and orders[fill.order_id].is_reduce_only:
            assert fill.start_position * signed < 0 and fill.size <= abs(fill.start_position)
    for first, *others in sides.values():
        assert [(coin, price, -size) for coin, price, size in others] == [first]
    for account in MarginAccount.objects.exclude(name=state.VENUE):
        held = {coin: position.size for coin, position in account.value.positions.items()}
        assert held == {c: s for (name, c), s in sizes.items() if name == account.name and s}
    cut = {tx.order_id for tx in LedgerTransaction.objects.filter(type=state.ORDER_MODIFIED)}
    for order in orders.values():
        if order.id not in cut:
            assert order.original_size == order.size + filled[order.id]
