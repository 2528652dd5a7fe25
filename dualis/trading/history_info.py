"""`POST /info` about TWAP orders and portfolios: one function a type, all read-only (notional 6).

TWAP orders and fills print `to_dict()`, as on the stream. Slice fills have Hyperliquid's shape.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dualis.trading import portfolio, portfolio_figures
from dualis.trading.markets import COLLATERAL, MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import Fill, MarginAccount, MarginOrder, Twap, milliseconds
from dualis.trading.queries import Missing, user_of
from dualis.trading.twap_schedule import LIVE

RECENT = 2_000  # orders and fills of one answer
DEFAULT_PERIOD = "perpWeek"


def twap_list_active(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    rows = Twap.objects.filter(account_id=user_of(query, "TWAP orders"), status__in=LIVE)
    return [row.to_dict() for row in rows]


def twap_list_history(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Running and ended ones, newest activity first."""
    rows = Twap.objects.filter(account_id=user_of(query, "TWAP orders"))
    return [row.to_dict() for row in rows[:RECENT]]


def twap_get_by_id(query: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    user, twap_id = user_of(query, "TWAP orders"), query.get("twapId")
    if not isinstance(twap_id, str):
        raise Missing("Missing 'twapId' parameter")
    row = Twap.objects.filter(account_id=user, id=twap_id.lower()).first()
    return row.to_dict() if row else None


def user_twap_slice_fills(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Newest first, each with the TWAP order it belongs to."""
    user = user_of(query, "TWAP slice fills")
    slices = MarginOrder.objects.filter(account_id=user).exclude(twap_id="")
    fills = Fill.objects.filter(account_id=user, order_id__in=slices.values("id"))[:RECENT]
    found = list(fills)
    orders = slices.filter(id__in={fill.order_id for fill in found})
    twap_of = dict(orders.values_list("id", "twap_id"))
    return [{"fill": fill.to_dict(), "twapId": twap_of[fill.order_id]} for fill in found]


def portfolio_of(query: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What the account was worth and gained, from samples; `warnings` are prices that lack now."""
    user = user_of(query, "portfolio")
    period = query.get("period", DEFAULT_PERIOD)
    if not isinstance(period, str) or period not in portfolio_figures.PERIODS:
        raise Missing(f"period must be one of {', '.join(portfolio_figures.PERIODS)}")
    told = portfolio.history(user, period, now)
    return {**told, "warnings": _warnings(user, now)}


def _warnings(user: str, now: datetime) -> list[dict[str, Any]]:
    row, marks = MarginAccount.objects.filter(name=user).first(), Marks.read(now)
    if row is None:
        return []
    held = [("perp", coin, MARKETS[coin].asset_id, MARKETS[coin].feed) for coin in row.positions]
    held += [("spot", a, COLLATERAL[a].asset_id, COLLATERAL[a].feed) for a in row.assets]
    return [
        {
            "asset": name,
            "assetId": asset_id,
            "timestamp": milliseconds(now),
            "type": kind,
            "reason": "there is no live price, so nothing is sampled",
        }
        for kind, name, asset_id, feed in held
        if not marks.is_live(feed)
    ]


TYPES = {
    "twapListActive": twap_list_active,
    "twapListHistory": twap_list_history,
    "twapGetById": twap_get_by_id,
    "userTwapSliceFills": user_twap_slice_fills,
    "portfolio": portfolio_of,
}
