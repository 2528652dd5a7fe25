"""channel -> (seq, rows): the one source of current state for REST and both sockets.

1. One read-only transaction reads `seq` first and the rows second.
2. A row here prints exactly what its last event printed: both are `to_dict()`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from django.conf import settings
from django.db.models import F, Window
from django.db.models.functions import RowNumber

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
from dualis.trading.marks import Marks
from dualis.trading.models import (
    LeverageSetting,
    MarginAccount,
    MarginOrder,
    Twap,
    open_orders_of,
)
from dualis.trading.statuses import ACTIVE
from dualis.trading.twap_schedule import LIVE as LIVE_TWAPS
from governance.lifecycle import LIVE
from governance.proposal_models import Proposal, ProposalEvent
from realtime import journal, topics
from realtime.messages import Event, Row, Snapshot, Subscribe
from realtime.readers import read_only

NEWEST_NOTIFICATIONS = 50
RESUME_EVENTS = 5_000


_Owners = Collection[str]


def _prices(owners: _Owners) -> Iterable[Published]:
    return Quote.objects.filter(asset__is_active=True).order_by("asset_id")


def _notifications(owners: _Owners) -> Iterable[Published]:
    """Return the newest that are unread and the count, for each owner."""
    number = Window(
        RowNumber(), partition_by=F("user_id"), order_by=[F("created_at").desc(), F("id").desc()]
    )
    unread = Notification.objects.filter(user_id__in=owners, read_at=None)
    newest = unread.annotate(number=number).filter(number__lte=NEWEST_NOTIFICATIONS)
    counts = UnreadCount.objects.in_bulk(list(owners))
    return [
        *newest.order_by("created_at", "id"),
        *(counts.get(owner) or UnreadCount(user_id=owner) for owner in owners),
    ]


def _pools(owners: _Owners) -> Iterable[Published]:
    return Pool.objects.select_related("asset")


def _positions(owners: _Owners) -> Iterable[Published]:
    view = View.read().still()
    supplies = list(SupplyPosition.objects.filter(user_id__in=owners, closed_at=None))
    borrows = list(BorrowPosition.objects.filter(user_id__in=owners, closed_at=None))
    held: dict[str, tuple[list[SupplyPosition], list[BorrowPosition]]]
    held = {owner: ([], []) for owner in owners}
    for supply in supplies:
        supply.view = view
        held[supply.user_id][0].append(supply)
    for borrow in borrows:
        borrow.view = view
        held[borrow.user_id][1].append(borrow)
    accounts = [Account(user_id=owner) for owner in owners]
    for account in accounts:
        account.view, account.held = view, held[account.user_id]
    rules = ProtectionRule.objects.filter(user_id__in=owners, ended_at=None)
    return [*supplies, *borrows, *accounts, *rules]


def _liquidations(owners: _Owners) -> Iterable[Published]:
    liquidations = LiquidationStage.objects.filter(liquidation__status=OPEN)
    resales = ResaleStage.objects.filter(resale__status=OPEN)
    return [*liquidations.order_by("at", "-stage"), *resales.order_by("at", "key")]


def _account(owners: _Owners) -> Iterable[Published]:
    rows, marks = MarginAccount.objects.in_bulk(list(owners)), Marks.read()
    orders = open_orders_of(rows.keys())
    for name, row in rows.items():
        row.marks, row.known_orders = marks, orders[name]
    return rows.values()


def _orders(owners: _Owners) -> Iterable[Published]:
    rows = MarginOrder.objects.filter(account_id__in=owners, status__in=ACTIVE)
    return rows.order_by("venue_oid")


def _leverages(owners: _Owners) -> Iterable[Published]:
    return LeverageSetting.objects.filter(account_id__in=owners)


def _twaps(owners: _Owners) -> Iterable[Published]:
    rows = Twap.objects.filter(account_id__in=owners, status__in=LIVE_TWAPS)
    return rows.order_by("id")


def _nothing(owners: _Owners) -> Iterable[Published]:
    return ()


def _governance(owners: _Owners) -> Iterable[Published]:
    live = Proposal.objects.filter(status__in=LIVE).order_by("number")
    last = {f"{p.id}:{p.event_count}": p for p in live}
    events = ProposalEvent.objects.select_related("proposal").in_bulk(list(last))
    return [events[key] for key in last]


READERS: dict[str, Callable[[_Owners], Iterable[Published]]] = {
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


_Asked = tuple[Subscribe, str]  # what is subscribed to, and whose rows are wanted


def read(selection: topics.Selection, owner: str = "") -> Snapshot:
    """Return the open rows of a selection at one seq."""
    return join(Subscribe(selection), owner)


def join(request: Subscribe, owner: str) -> Snapshot:
    """Return what a new subscriber needs: what it missed if asked for and kept, else rows."""
    return join_many([(request, owner)])[0]


def join_many(asked: Sequence[_Asked]) -> list[Snapshot]:
    """Return what new subscribers need, all at one seq; equal ones share one snapshot."""
    with read_only():
        at = journal.position()
        missed = _missed(asked, at)
        others = [one for one in asked if _key(*one) not in missed]
        owners: dict[str, dict[str, None]] = {}
        for request, owner in others:
            owners.setdefault(request.channel, {})[_owner(request, owner)] = None
        rows = {name: _by_owner(name, list(those)) for name, those in owners.items()}
    made: dict[object, Snapshot] = {}
    for request, owner in asked:
        key = _key(request, owner)
        if key in made:
            continue
        if (events := missed.get(key)) is not None:
            made[key] = Snapshot(at.seq, at.epoch, (), events)
        else:
            own = rows[request.channel].get(_owner(request, owner), ())
            made[key] = Snapshot(at.seq, at.epoch, _chosen(request.selection, owner, own))
    return [made[_key(*one)] for one in asked]


def unknown_many(selections: Sequence[topics.Selection]) -> list[list[str]]:
    """Return for each filter its ids that name nothing."""
    wanted = {param for selection in selections for param in selection.ids()}
    known = {param: CATALOGUES[param]() for param in wanted & CATALOGUES.keys()}
    return [
        [
            value
            for param, values in selection.ids().items()
            if param not in FREE
            for value in values
            if value not in known.get(param, ())
        ]
        for selection in selections
    ]


def _owner(request: Subscribe, owner: str) -> str:
    return owner if topics.channel_of(request.channel).is_private else ""


def _key(request: Subscribe, owner: str) -> object:
    """Return what decides an answer, but for its form."""
    selection = request.selection
    resume = request.after, request.epoch
    return selection.channel, selection.dims, _owner(request, owner), resume


def _by_owner(name: str, owners: Sequence[str]) -> dict[str, list[Row]]:
    """Return the open rows of a channel by their owner."""
    rows: dict[str, list[Row]] = {}
    for row in READERS[name](owners):
        shown = Row(row.stream_key(), row.stream_dims(), row.to_dict())
        rows.setdefault(row.stream_owner(), []).append(shown)
    return rows


def _chosen(selection: topics.Selection, owner: str, rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return those rows that a selection admits."""
    channel = topics.channel_of(selection.channel)
    wanted = topics.topics_for(selection, owner)
    owner = owner if channel.is_private else ""
    return tuple(
        row for row in rows if wanted.intersection(topics.topics_of(channel.name, owner, row.dims))
    )


def _missed(asked: Sequence[_Asked], at: journal.Position) -> dict[object, tuple[Event, ...]]:
    """Return by key the events after `request.after`, of those who can be told them one by one."""
    groups: dict[str, dict[object, _Asked]] = {}
    for request, owner in asked:
        if _may_resume(request, at):
            groups.setdefault(request.channel, {})[_key(request, owner)] = request, owner
    found: dict[object, tuple[Event, ...]] = {}
    for group in groups.values():
        found |= _resumed(group, at)
    return found


def _may_resume(request: Subscribe, at: journal.Position) -> bool:
    channel = topics.channel_of(request.channel)
    if request.after is None or channel.kind is topics.Kind.STATE or request.epoch != at.epoch:
        return False
    return not at.is_gone(request.after, with_state=False)


def _resumed(group: dict[object, _Asked], at: journal.Position) -> dict[object, tuple[Event, ...]]:
    """Read what a group missed of its channel in one query; who missed too much is left out."""
    channel = topics.channel_of(next(iter(group.values()))[0].channel)
    afters = {key: request.after or 0 for key, (request, _) in group.items()}
    owners = {""} | {_owner(*one) for one in group.values()}
    events = journal.newest(
        min(afters.values()), at=at, limit=RESUME_EVENTS + 1, channel=channel.name, owners=owners
    )
    is_cut = len(events) > RESUME_EVENTS
    if is_cut and channel.is_private and len(group) > 1:  # too many of all is not of each
        alone = [_resumed({key: one}, at) for key, one in group.items()]
        return {key: told for found in alone for key, told in found.items()}
    found: dict[object, tuple[Event, ...]] = {}
    for key, (request, owner) in group.items():
        own = {"", _owner(request, owner)}
        missed = [e for e in events if e.seq > afters[key] and e.owner in own]
        if (is_cut and events[0].seq > afters[key]) or 2 * _size(missed) > settings.WS_QUEUE_BYTES:
            continue
        wanted = topics.topics_for(request.selection, owner)
        found[key] = tuple(
            e for e in missed if wanted.intersection(topics.topics_of(e.channel, e.owner, e.dims))
        )
    return found


def _size(events: Iterable[Event]) -> int:
    return sum(len(event.text) for event in events)
