"""Participants who bid in auctions of liquidations and in resales, once the price is right to them.

What an auction has to offer is drawn by its id; where that is more than the penalty nobody comes,
the backstop buys, and a resale follows. They bid through the services (rulings, 11).
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from random import Random

from dualis import errors
from dualis.accounts.models import User
from dualis.exact import EXACT, mul_up
from dualis.lending import (
    auction,
    bidding,
    liquidation_figures,
    resale,
    resale_figures,
    resales,
    settlement,
)
from dualis.lending.liquidation_models import OPEN, Liquidation
from dualis.lending.participants import EMAILS
from dualis.lending.resale_models import Resale
from dualis.lending.view import View
from dualis.retry import retried

log = logging.getLogger(__name__)

_WANTED = (10, 80)  # thousandths
_ALL = 0.5  # how often one bids for everything

_Bid = Callable[[str, str], object]  # of a user, an amount


def step(now: datetime) -> bool:
    """Let one participant bid in one auction; tell whether that was done."""
    draw = Random(f"bids {int(now.timestamp())}")
    people = dict(User.objects.filter(email__in=EMAILS).values_list("email", "id"))
    if not people:
        return False
    view = View.read(now)
    for borrower_id, amount, bid in [*_liquidations(draw, view, now), *_resales(draw, view, now)]:
        others = [people[email] for email in sorted(people) if people[email] != borrower_id]
        try:
            retried(partial(bid, draw.choice(others), amount))
        except errors.DomainError as error:
            log.debug("a participant was refused: %s", error.message)
        else:
            return True
    return False


def wanted(auction_id: str) -> Decimal:
    """Return the bonus, or discount, from which on participants bid in an auction: 1 to 8 %."""
    return Decimal(Random(auction_id).randint(*_WANTED)).scaleb(-3)


def _liquidations(draw: Random, view: View, now: datetime) -> Iterator[tuple[str, str, _Bid]]:
    """Yield the borrower, an amount and the bid of every auction that offers enough."""
    rows = Liquidation.objects.filter(status=OPEN).select_related("position", "pool")
    for row in rows.order_by("opened_at", "id"):
        found, state = liquidation_figures.risk_of(row, view), row.auction
        for first in auction.sellable(found)[:1]:
            if settlement.bonus_down(state, found, first) >= wanted(row.auction_id):
                least, most = settlement.least_up(state, found), settlement.most_up(state, found)
                amount = _amount(draw, least, most, found.debt.places)
                yield row.position.user_id, amount, partial(_bid, row.auction_id, now)


def _resales(draw: Random, view: View, now: datetime) -> Iterator[tuple[str, str, _Bid]]:
    """Yield the same of resales: their seller is no participant, and all are sold in the end."""
    for row in Resale.objects.filter(status=OPEN).select_related("pool").order_by("opened_at"):
        sale = resale_figures.sale_of(row, view)
        if resale.discount_down(sale) >= min(wanted(row.id), sale.max_discount):
            least, most = resale.least_up(sale), resale.most_up(sale)
            yield "", _amount(draw, least, most, sale.paid.places), partial(_buy, row.id, now)


def _amount(draw: Random, least: Decimal, most: Decimal, places: int) -> str:
    if draw.random() < _ALL:
        return "max"
    part = mul_up(EXACT.subtract(most, least), Decimal(str(draw.random())), places)
    return format(EXACT.add(least, part), "f")


def _bid(auction_id: str, now: datetime, user_id: str, amount: str) -> object:
    return bidding.bid(user_id, auction_id, amount, now=now)


def _buy(resale_id: str, now: datetime, user_id: str, amount: str) -> object:
    return resales.bid(user_id, resale_id, amount, now=now)
