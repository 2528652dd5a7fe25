"""Selling what the backstop seized (rulings, 20): opening auctions, their clocks, bids on them.

1. A lot is what the backstop held at the opening; what it seizes later is the next lot. So what the
   stages told stays true, and nothing new is sold at a discount that has already grown.
2. Only the backstop's books and the buyer's wallets move: pools and positions never do. So anybody
   may buy, the former borrower too: he pays what all pay, and nothing of his position changes.
3. Lock order: wallets by user and asset, the backstop, the resale; then the first save.
4. A clock moves by the time between two ticks, if the latter has live prices (rulings, 18).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from dualis import amounts, errors
from dualis.accounts import ledger, wallets
from dualis.apart import Apart
from dualis.exact import EXACT
from dualis.lending import backstop, bidding, grace, resale, resale_figures, settlement
from dualis.lending.liquidation_models import (
    AUCTION_START,
    OPEN,
    SETTLED,
    SETTLEMENT,
    BackstopAccount,
    exact,
)
from dualis.lending.models import Market, Pool
from dualis.lending.resale_models import Resale, ResaleBid, ResaleStage
from dualis.lending.view import View


@dataclass(frozen=True, slots=True)
class Done:
    """What a bid bought, and the resale after it."""

    bid: ResaleBid
    resale: Resale


def run(now: datetime) -> None:
    """Do a tick of the engine, each auction in a transaction of its own: clocks, then new lots.

    What fails for one is raised when all others have been served.
    """
    with Apart("the resales") as apart:
        for resale_id in list(Resale.objects.filter(status=OPEN).values_list("id", flat=True)):
            apart.act(lambda ids: advance(ids[0], now), [resale_id])
        for pool_id, symbol in list(_due(now)):
            apart.act(partial(_open, symbol, now), [pool_id])


@transaction.atomic
def advance(resale_id: str, now: datetime) -> None:
    """Move one clock by the time since the tick before, if prices are live."""
    row = _locked(resale_id)
    if row.is_open:
        if is_live(row, Market.objects.get(id=1), View.read(now)):
            passed = grace.ticked_seconds(row.ticked_at, now)
            row.live_seconds = EXACT.add(row.live_seconds, passed)
        row.ticked_at = now
        row.save()


@transaction.atomic
def open_lot(pool_id: str, symbol: str, now: datetime) -> Resale | None:
    """Open the auction of what the backstop of a pool's asset holds of another; None if not due.

    Not while one is open, prices are not live, or what is held is worth less than 10 USD.
    """
    pool = Pool.objects.get(id=pool_id)
    account = backstop.lock(pool.asset_id)
    view = View.read(now)
    source = view.pool_of(symbol)
    assert source is not None, "what is seized was collateral, which has a pool"
    if symbol not in _lots(account, view):
        return None
    if Resale.objects.filter(pool=pool, symbol=symbol, status=OPEN).exists():
        return None
    row = Resale(
        pool=pool,
        symbol=symbol,
        lot=exact(account.held)[symbol],
        max_discount=source.penalty,
        opened_at=now,
        ticked_at=now,
    )
    if not is_live(row, Market.objects.get(id=1), view):
        return None
    row.save(force_insert=True)
    _tell(row, AUCTION_START, resale_figures.auction_row(row, view), now)
    return row


@transaction.atomic
def bid(user_id: str, resale_id: str, amount: str, *, now: datetime) -> Done:
    """Pay an amount of the backstop's asset ("max": all that is left, as far as the wallet goes).

    At least 10 % of the lot's cost or all that is left. AuctionNotFound, AuctionEnded,
    AuctionPaused without live prices, BidTooSmall, BidTooLarge, InsufficientBalance,
    ProtocolPaused.
    """
    found = Resale.objects.select_related("pool").filter(id=resale_id).first()
    if found is None:
        raise errors.AuctionNotFound(auctionId=resale_id)
    asset, symbol = found.pool.asset_id, found.symbol
    purses = wallets.lock([(user_id, asset), (user_id, symbol)])
    account = backstop.lock(asset)
    row = _locked(resale_id)
    view = View.read(now)
    _require_open(row, view)
    sale = resale_figures.sale_of(row, view)
    asked = amounts.parse(amount, sale.paid.places)
    if asked is None:
        asked = min(resale.most_up(sale), purses[user_id, asset].amount)
    try:
        bought = resale.bought_down(sale, asked)
    except settlement.BidRefusal as refusal:
        raise bidding.refused(refusal, asset) from refusal
    legs = [
        wallets.move(purses[user_id, asset], -asked),
        backstop.move(account, asset, asked),
        backstop.move(account, symbol, -bought),
        wallets.move(purses[user_id, symbol], bought),
    ]
    wallets.save(*purses.values())
    account.save()
    row.sold, row.proceeds = EXACT.add(row.sold, bought), EXACT.add(row.proceeds, asked)
    made = ResaleBid.objects.create(
        resale=row,
        user_id=user_id,
        at=now,
        paid=asked,
        bought=bought,
        discount=resale.discount_down(sale),
    )
    ledger.post("resale", legs, now=now, reference=row.id, user_id=user_id)
    if row.sold == row.lot:
        row.status, row.settled_at = SETTLED, now
    row.save()
    if not row.is_open:
        _tell(row, SETTLEMENT, resale_figures.settlement_row(row), now)
    return Done(made, row)


def is_live(row: Resale, market: Market, view: View) -> bool:
    """Tell whether the clock moves and bids are taken: no pause, live prices of both assets."""
    is_frozen = view.is_frozen(row.symbol) or view.is_frozen(row.pool.asset_id)
    return not (market.is_paused or is_frozen)


def _require_open(row: Resale, view: View) -> None:
    if not row.is_open:
        raise errors.AuctionEnded(auctionId=row.id)
    market = Market.objects.get(id=1)
    if market.is_paused:
        raise errors.ProtocolPaused()
    if not is_live(row, market, view):
        raise errors.AuctionPaused(auctionId=row.id)


def _open(symbol: str, now: datetime, pool_ids: Sequence[str]) -> None:
    open_lot(pool_ids[0], symbol, now)


def _locked(resale_id: str) -> Resale:
    rows = Resale.objects.select_for_update(no_key=True, of=("self",)).select_related("pool")
    return rows.get(id=resale_id)


def _due(now: datetime) -> Iterable[tuple[str, str]]:
    """Yield pool and asset of what may be worth a lot: a look without locks."""
    accounts = [account for account in BackstopAccount.objects.all() if account.held]
    if not accounts:
        return
    running = set(Resale.objects.filter(status=OPEN).values_list("pool_id", "symbol"))
    view = View.read(now)
    for account in accounts:
        pool = view.pool_of(account.asset)
        assert pool is not None, "a backstop is funded, and pays, for a pool"
        for symbol in _lots(account, view):
            if (pool.id, symbol) not in running:
                yield pool.id, symbol


def _lots(account: BackstopAccount, view: View) -> list[str]:
    """Return the assets of which a backstop holds enough for a lot."""
    return [
        symbol
        for symbol, held in exact(account.held).items()
        if resale.is_worth_a_lot(held, view.quotes[symbol].price)
    ]


def _tell(row: Resale, stage: str, data: dict[str, object], now: datetime) -> None:
    """Append a stage that the resale has reached: a second time is an IntegrityError."""
    ResaleStage(key=f"{row.id}:{stage}", resale=row, stage=stage, data=data, at=now).save()
