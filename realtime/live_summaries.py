"""Live summaries of margin accounts: what marks do to the accounts that sockets here watch.

An account's row and its open orders are kept until the journal tells of either; a tick takes one
query for the marks, and the same pure function as the snapshot. Knows addresses, not users: anybody
may watch any account, and one that does not exist costs nothing after the first look.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from dualis.trading import state, summary
from dualis.trading.margin import OpenOrder
from dualis.trading.marks import Marks
from dualis.trading.models import MarginAccount, open_orders_of
from realtime import journal, live, readers

CHANNEL = "accountSummary"
KEY = "account"


@dataclass(frozen=True, slots=True)
class _Book:
    """An account as of the journal's last word on it. What moves with marks `is_exposed`."""

    account: state.Account
    orders: list[OpenOrder]

    @property
    def is_exposed(self) -> bool:
        return bool(self.account.positions or self.account.assets or self.orders)


def _read(names: Sequence[str], known: dict[str, _Book | None]) -> live.Round:
    """Compute the summaries of these accounts at one seq; those that are not known are read.

    What marks do not move is told when it was read, and not computed again. The thread lets the
    loop go first after each account; else it would keep it waiting 5 ms at a time.
    """
    missing = [name for name in names if name not in known]
    with readers.read_only():
        at = journal.position()
        marks = Marks.read()
        new = _books(missing) if missing else {}
    found = live.Round(at.seq, at.epoch, {**known, **new})
    for name, book in found.books.items():
        if book is not None and (name in new or book.is_exposed):
            row = summary.summary(book.account, marks.prices, book.orders, marks.frozen)
            found.rows[name, KEY] = live.text_of(row)
            time.sleep(0)
    return found


def _books(names: Sequence[str]) -> dict[str, _Book | None]:
    orders = open_orders_of(names)
    rows = MarginAccount.objects.in_bulk(names)
    return {name: _Book(rows[name].value, orders[name]) if name in rows else None for name in names}


SUMMARIES = live.Source(CHANNEL, ("prices",), _read, others=("orderUpdates",))
