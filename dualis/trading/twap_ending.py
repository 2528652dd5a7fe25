"""Ending TWAP orders at a desk: each service that may, and a liquidation, does it here."""

from dualis.bulk import save_all
from dualis.trading import twap_fold
from dualis.trading.desk import Desk
from dualis.trading.models import Twap
from dualis.trading.twap_schedule import CANCELED, LIVE

MAX_REASON = 200


def end(desk: Desk, row: Twap, status: str, reason: str = "") -> None:
    """End a running order of a locked account; the caller saves row and desk."""
    desk.ledger.twaps[row.id] = row.folded
    data = {"status": status, "reason": reason[:MAX_REASON]}
    desk.post(twap_fold.ENDED, row.account_id, data, row.id)
    row.status, row.reason = status, data["reason"]
    row.next_at, row.ended_at, row.updated_at = None, desk.now, desk.now


def cancel_all(desk: Desk, name: str, reason: str) -> None:
    """Cancel and save what runs of a locked account; the desk is saved by the caller."""
    rows = list(Twap.objects.filter(account_id=name, status__in=LIVE).order_by("id"))
    for row in rows:
        end(desk, row, CANCELED, reason)
    save_all(rows)
