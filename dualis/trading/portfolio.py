"""Sampling what accounts are worth, thinning the samples, and the histories they make.

1. Accounts and the transactions counted for them are read at one moment of the database: no sample
   knows of money without its deposit, or the other way round.
2. Where a price is missing or frozen, nothing is sampled: a history shows what was seen, and no
   more. An account that did not change is sampled once an hour.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from dualis.exact import EXACT, ZERO, plain_trimmed
from dualis.retry import retried
from dualis.trading import portfolio_figures, summary
from dualis.trading.marks import Marks
from dualis.trading.models import (
    LedgerTransaction,
    MarginAccount,
    PortfolioCursor,
    PortfolioSample,
    PortfolioTotals,
    milliseconds,
)
from dualis.trading.portfolio_figures import KEPT, SAMPLE, Totals
from dualis.trading.state import SYSTEM, Account
from dualis.writes import upsert_all

INTERVAL_SECONDS = 300
BATCH = 500  # accounts of one step
COUNTED = 2_000  # transactions of one step
MOST = 2_000  # points of one history
PRUNE_BATCH = 20_000  # rows of one transaction


def run(now: datetime) -> int:
    """Take the next samples of this interval unless all are taken; return how many were written.

    So many accounts a step, or so many transactions to be counted first, so that the engine's other
    steps keep their time. A transaction of its own, of which all reads see one moment.
    """
    return retried(lambda: _step(now))


def prune(now: datetime) -> int:
    """Delete samples past the time of their grade, a batch a transaction; return how many."""
    count = 0
    for grade, kept in KEPT.items():
        old = PortfolioSample.objects.filter(grade=grade, at__lt=now - kept).order_by("at")
        while ids := list(old.values_list("id", flat=True)[:PRUNE_BATCH]):
            count += PortfolioSample.objects.filter(id__in=ids).delete()[0]
    return count


def history(name: str, period: str, now: datetime) -> dict[str, Any]:
    """Return an account's histories over a period of `PERIODS`, oldest first.

    Profit and volume are those of the period: counted from the last sample before it, or from
    nothing where the account is younger.
    """
    asked = portfolio_figures.PERIODS[period]
    rows = PortfolioSample.objects.filter(account_id=name)
    begin = None if asked.span is None else now - asked.span
    inside = rows.filter(grade__gte=asked.grade)
    if begin is not None:
        inside = inside.filter(at__gte=begin)
    found = list(inside.order_by("-at")[:MOST])[::-1]
    newest = rows.order_by("-at").first()
    if newest and (begin is None or newest.at >= begin) and newest not in found:
        found.append(newest)
    before = rows.filter(at__lt=begin).order_by("-at").first() if begin and found else None
    pnl = [_pnl(row, asked.is_perp) for row in found]
    base = _pnl(before, asked.is_perp) if before else ZERO
    traded = EXACT.subtract(found[-1].volume, before.volume if before else ZERO) if found else ZERO
    times = [milliseconds(row.at) for row in found]
    return {
        "accountValueHistory": _points(times, [row.value for row in found]),
        "pnlHistory": _points(times, [EXACT.subtract(value, base) for value in pnl]),
        "vlm": plain_trimmed(traded),
    }


def _step(now: datetime) -> int:
    if connection.vendor == "postgresql":
        with connection.cursor() as link:
            link.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    cursor, _ = PortfolioCursor.objects.get_or_create(id=1)
    if cursor.sampled_at is None or _interval(now) > _interval(cursor.sampled_at):
        cursor.sampled_at, cursor.name, cursor.is_over = now, "", False
    if cursor.is_over:
        return 0
    marks = Marks.read(now)
    new = list(LedgerTransaction.objects.filter(id__gt=cursor.after).order_by("id")[:COUNTED])
    gained: dict[str, Totals] = {}
    for tx in new:
        portfolio_figures.book(gained, tx.value, marks.prices)
        cursor.after = tx.id
    accounts = [] if len(new) == COUNTED else _next_accounts(cursor)
    names = {*gained, *(account.name for account in accounts)}.difference(SYSTEM)
    rows = {name: PortfolioTotals(account_id=name) for name in names}
    rows |= {row.account_id: row for row in PortfolioTotals.objects.filter(account_id__in=names)}
    for name in gained.keys() & rows.keys():
        rows[name].add(gained[name])
    found = [_sample_of(account.value, rows[account.name], marks, now) for account in accounts]
    written = [sample for sample in found if sample is not None]
    changed = {*(gained.keys() & rows.keys()), *(sample.account_id for sample in written)}
    PortfolioSample.objects.bulk_create(written)
    upsert_all([rows[name] for name in sorted(changed)])
    cursor.save()
    return len(written)


def _next_accounts(cursor: PortfolioCursor) -> list[MarginAccount]:
    """Return the accounts whose turn it is, and note where the next step goes on."""
    rows = MarginAccount.objects.exclude(name__in=SYSTEM).filter(name__gt=cursor.name)
    accounts = list(rows.order_by("name")[:BATCH])
    cursor.is_over = len(accounts) < BATCH
    if accounts:
        cursor.name = accounts[-1].name
    return accounts


def _interval(moment: datetime) -> int:
    """Return the number of the interval that a moment lies in."""
    return int(moment.timestamp()) // INTERVAL_SECONDS


def _sample_of(
    account: Account, row: PortfolioTotals, marks: Marks, now: datetime
) -> PortfolioSample | None:
    """Return a sample; None without a price, and for what is as it was within the hour."""
    if not all(marks.is_live(feed) for feed in summary.feeds_of(account)):
        return None
    whole = row.totals
    if account == Account() and whole == Totals():
        return None
    found = portfolio_figures.figures(account, whole, marks.prices)
    grade = portfolio_figures.grade_of(now, row.sampled_at)
    shown = found.texts()
    if grade == SAMPLE and shown == row.shown:
        return None
    row.sampled_at, row.shown = now, shown
    return PortfolioSample(
        account_id=row.account_id,
        at=now,
        grade=grade,
        value=found.value,
        pnl=found.pnl,
        perp_pnl=found.perp_pnl,
        volume=found.volume,
    )


def _pnl(row: PortfolioSample, is_perp: bool) -> Decimal:
    return row.perp_pnl if is_perp else row.pnl


def _points(times: list[int], values: list[Decimal]) -> list[list[Any]]:
    return [[at, plain_trimmed(value)] for at, value in zip(times, values, strict=True)]
