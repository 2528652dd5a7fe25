"""The double-entry ledger: posting movements, summing accounts, reading statements.

1. The legs of a movement sum to zero in each asset; what comes from outside the market or leaves it
   has its other leg on OUTSIDE.
2. Posting and what it tells of (a wallet, a pool, a debt) are written in one transaction.

Knows accounts as texts. Knows nothing of pools, positions or prices.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import QuerySet

from dualis.accounts.money import Entry, Movement
from dualis.exact import EXACT, ZERO
from dualis.writes import insert_all, insert_values

OUTSIDE = "outside"
_CHUNK = 2_000  # rows held in memory while an account is summed


@dataclass(frozen=True, slots=True)
class Leg:
    """`amount` of an asset comes to an account; a negative one leaves it.

    `owner` is the id of the user whose statement shows it.
    """

    account: str
    asset: str
    amount: Decimal
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a statement is narrowed to; `since` is within it, `until` is not."""

    kind: str = ""
    asset: str = ""
    reference: str = ""
    since: datetime | None = None
    until: datetime | None = None


def post(
    kind: str,
    legs: Sequence[Leg],
    *,
    now: datetime,
    reference: str = "",
    memo: str = "",
    user_id: str | None = None,
) -> Movement:
    """Append a movement and its entries; legs of zero are dropped.

    Inside the transaction of what it tells of; the caller holds the locks of what it changed.
    Legs that do not sum to zero, or with more than 18 places, are a bug: AssertionError.
    """
    assert connection.in_atomic_block, "a movement is written with what it tells of"
    movement = Movement(kind=kind, at=now, user_id=user_id, reference=reference, memo=memo)
    kept = [leg for leg in legs if leg.amount]
    _check(kept)
    insert_all([movement])
    insert_values(Entry, [(movement.id, x.account, x.owner, x.asset, x.amount, now) for x in kept])
    return movement


def balance(account: str, asset: str) -> Decimal:
    """Return the exact sum of an account's entries in an asset.

    Reads every such entry (SQL cannot sum exact fields): for audits, tests and accounts of few
    entries, not for the path of a request.
    """
    amounts = Entry.objects.filter(account=account, asset=asset).order_by()
    total = ZERO
    for amount in amounts.values_list("amount", flat=True).iterator(chunk_size=_CHUNK):
        total = EXACT.add(total, amount)
    return total


def statement(
    user_id: str, filters: Filters, *, cursor: int | None = None, offset: int = 0, limit: int
) -> list[Entry]:
    """Return up to `limit` entries of a user, newest first, each with its movement.

    `cursor` is the id of an entry: only older ones are returned. `offset` skips; it costs what it
    skips.
    """
    rows = _entries(user_id, filters).select_related("movement").order_by("-id")
    if cursor is not None:
        rows = rows.filter(id__lt=cursor)
    return list(rows[offset : offset + limit])


def count(user_id: str, filters: Filters) -> int:
    """Return how many entries the statement of a user has."""
    return _entries(user_id, filters).count()


def _entries(user_id: str, filters: Filters) -> QuerySet[Entry]:
    rows: QuerySet[Entry] = Entry.objects.filter(owner_id=user_id)
    if filters.kind:
        rows = rows.filter(movement__kind=filters.kind)
    if filters.asset:
        rows = rows.filter(asset=filters.asset)
    if filters.reference:
        rows = rows.filter(movement__reference=filters.reference)
    if filters.since:
        rows = rows.filter(at__gte=filters.since)
    if filters.until:
        rows = rows.filter(at__lt=filters.until)
    return rows


def _check(legs: Sequence[Leg]) -> None:
    column = Entry._meta.get_field("amount")
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for leg in legs:
        assert column.to_python(leg.amount) == leg.amount, "amounts have at most 18 places"
        sums[leg.asset] = EXACT.add(sums[leg.asset], leg.amount)
    assert not any(sums.values()), f"the legs of a movement sum to zero, not {dict(sums)}"
