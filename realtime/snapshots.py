"""channel -> (seq, rows): the one source of current state for REST and both sockets.

1. One read-only transaction reads `seq` first and the rows second.
2. A row here prints exactly what its last event printed: both are `to_dict()`.
"""

from collections.abc import Callable, Iterable, Sequence

from django.conf import settings

from dualis.lending.liquidation_models import OPEN, LiquidationStage
from dualis.lending.models import (
    Account,
    BorrowPosition,
    Pool,
    ProtectionRule,
    SupplyPosition,
)
from dualis.lending.resale_models import ResaleStage
from dualis.lending.view import View
from dualis.notifications.models import Notification, UnreadCount
from dualis.oracle.models import Asset, Quote
from dualis.published import Published
from dualis.trading.models import LeverageSetting, MarginAccount, MarginOrder, Twap
from dualis.trading.statuses import ACTIVE
from dualis.trading.twap_schedule import LIVE as LIVE_TWAPS
from governance.lifecycle import LIVE
from governance.proposal_models import Proposal, ProposalEvent
from realtime import journal, topics
from realtime.messages import Event, Row, Snapshot, Subscribe
from realtime.readers import read_only

NEWEST_NOTIFICATIONS = 50
RESUME_EVENTS = 5_000


def _prices(owner: str) -> Iterable[Published]:
    return Quote.objects.filter(asset__is_active=True).order_by("asset_id")


def _notifications(owner: str) -> Iterable[Published]:
    unread = Notification.objects.filter(user_id=owner, read_at=None)
    newest = list(unread.order_by("-created_at", "-id")[:NEWEST_NOTIFICATIONS])
    count = UnreadCount.objects.filter(user_id=owner).first()
    return [*reversed(newest), count or UnreadCount(user_id=owner)]


def _pools(owner: str) -> Iterable[Published]:
    return Pool.objects.select_related("asset")


def _positions(owner: str) -> Iterable[Published]:
    view = View.read()
    supplies = SupplyPosition.objects.filter(user_id=owner, closed_at=None)
    borrows = BorrowPosition.objects.filter(user_id=owner, closed_at=None)
    account = Account.objects.filter(user_id=owner).first()
    rows: list[SupplyPosition | BorrowPosition | Account] = [*supplies, *borrows]
    rows.append(account or Account(user_id=owner))
    for row in rows:
        row.view = view
    return [*rows, *ProtectionRule.objects.filter(user_id=owner, ended_at=None)]


def _liquidations(owner: str) -> Iterable[Published]:
    liquidations = LiquidationStage.objects.filter(liquidation__status=OPEN)
    resales = ResaleStage.objects.filter(resale__status=OPEN)
    return [*liquidations.order_by("at", "-stage"), *resales.order_by("at", "key")]


def _account(owner: str) -> Iterable[Published]:
    return MarginAccount.objects.filter(name=owner)


def _orders(owner: str) -> Iterable[Published]:
    rows = MarginOrder.objects.filter(account_id=owner, status__in=ACTIVE)
    return rows.order_by("venue_oid")


def _leverages(owner: str) -> Iterable[Published]:
    return LeverageSetting.objects.filter(account_id=owner)


def _twaps(owner: str) -> Iterable[Published]:
    return Twap.objects.filter(account_id=owner, status__in=LIVE_TWAPS).order_by("id")


def _nothing(owner: str) -> Iterable[Published]:
    return ()


def _governance(owner: str) -> Iterable[Published]:
    live = Proposal.objects.filter(status__in=LIVE).order_by("number")
    last = {f"{p.id}:{p.event_count}": p for p in live}
    events = ProposalEvent.objects.select_related("proposal").in_bulk(list(last))
    return [events[key] for key in last]


READERS: dict[str, Callable[[str], Iterable[Published]]] = {
    "prices": _prices,
    "pools": _pools,
    "positions": _positions,
    "liquidations": _liquidations,
    "governance": _governance,
    "notifications": _notifications,
    **dict.fromkeys(topics.NOTIONAL, _nothing),  # but for those whose snapshot is what stands
    "accountSummary": _account,
    "orderUpdates": _orders,
    "activeAssetData": _leverages,
    "twapUpdates": _twaps,
}


def _assets() -> set[str]:
    return set(Asset.objects.filter(is_active=True).values_list("symbol", flat=True))


def _pool_ids() -> set[str]:
    return set(Pool.objects.values_list("id", flat=True))


def _proposal_ids() -> set[str]:
    return set(Proposal.objects.values_list("id", flat=True))


# Which ids a filter may name. Ids of positions are the owner's own business: one that is not open
# (yet) brings nothing, and says nothing about anybody else's.
CATALOGUES: dict[str, Callable[[], set[str]]] = {
    "assets": _assets,
    "pools": _pool_ids,
    "proposals": _proposal_ids,
}
FREE = {"positions"}


def read(selection: topics.Selection, owner: str = "") -> Snapshot:
    """Return the open rows of a selection at one seq."""
    with read_only():
        at = journal.position()
        return Snapshot(at.seq, at.epoch, _rows(selection, owner))


def join(request: Subscribe, owner: str) -> Snapshot:
    """Return what a new subscriber needs: what it missed if asked for and kept, else rows."""
    with read_only():
        at = journal.position()
        missed = _missed(request, owner, at)
        rows = _rows(request.selection, owner) if missed is None else ()
        return Snapshot(at.seq, at.epoch, rows, missed)


def unknown_ids(selection: topics.Selection) -> list[str]:
    """Return the ids of a filter that name nothing."""
    unknown: list[str] = []
    for param, values in selection.ids().items():
        if param in FREE:
            continue
        known = CATALOGUES[param]() if param in CATALOGUES else set()
        unknown += [value for value in values if value not in known]
    return unknown


def _rows(selection: topics.Selection, owner: str) -> tuple[Row, ...]:
    wanted = topics.topics_for(selection, owner)
    channel = topics.channel_of(selection.channel)
    rows: list[Row] = []
    for row in READERS[selection.channel](owner):
        dims = row.stream_dims()
        if wanted.intersection(
            topics.topics_of(channel.name, owner if channel.is_private else "", dims)
        ):
            rows.append(Row(row.stream_key(), dims, row.to_dict()))
    return tuple(rows)


def _missed(request: Subscribe, owner: str, at: journal.Position) -> tuple[Event, ...] | None:
    """Return the events after `request.after`, or None if they cannot be told one by one."""
    channel = topics.channel_of(request.channel)
    if request.after is None or channel.kind is topics.Kind.STATE or request.epoch != at.epoch:
        return None
    if at.is_gone(request.after, with_state=False):
        return None
    wanted = topics.topics_for(request.selection, owner)
    events: Sequence[Event] = journal.since(
        request.after,
        until=at.seq,
        limit=RESUME_EVENTS + 1,
        channels=[channel.name],
        owner=owner if channel.is_private else "",
    )
    size = sum(len(event.text) for event in events)
    if len(events) > RESUME_EVENTS or 2 * size > settings.WS_QUEUE_BYTES:  # they must fit a queue
        return None
    return tuple(
        e for e in events if wanted.intersection(topics.topics_of(e.channel, e.owner, e.dims))
    )
