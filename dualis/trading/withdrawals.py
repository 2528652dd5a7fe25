"""Withdrawals from margin accounts: asked for, held back, then paid out or let go."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from dualis import amounts, errors
from dualis.apart import Apart
from dualis.exact import EXACT, ZERO, plain_trimmed
from dualis.trading import money, state, summary
from dualis.trading.desk import Desk, open_desk
from dualis.trading.markets import COLLATERAL, USDC
from dualis.trading.models import Withdrawal

SETTLES_AFTER = timedelta(seconds=5)  # the embedded venue pays out after a block
PENDING, COMPLETE, FAILED = "pending", "complete", "failed"


@transaction.atomic
def request(
    address: str, asset: str, amount: str, destination: str, *, now: datetime
) -> Withdrawal:
    """Hold an amount back for a withdrawal; "max" is all that may leave.

    ValidationError; InsufficientMargin for what margin, or another withdrawal, needs.
    """
    if asset not in COLLATERAL:
        raise errors.ValidationError({"token": [f"{asset[:20]} is not held here."]})
    if not state.is_address(destination.lower()):
        raise errors.ValidationError({"destination": ["is 0x and hex digits."]})
    desk = open_desk([address], now)
    free = _free_down(desk, address, asset)
    asked = amounts.parse(amount, COLLATERAL[asset].places)
    taken = free if asked is None else asked
    if taken > free or not taken:
        raise errors.InsufficientMargin(withdrawable=plain_trimmed(free), asset=asset)
    hash = desk.post(state.WITHDRAWAL, address, _data(asset, taken, PENDING, destination))
    row = Withdrawal.objects.create(
        id=hash,
        account_id=address,
        asset=asset,
        amount=taken,
        destination=destination,
        status=PENDING,
        requested_at=now,
    )
    desk.save()
    return row


def run(now: datetime) -> int:
    """Pay out what was asked for a block ago; return how many were paid."""
    due = Withdrawal.objects.filter(status=PENDING, requested_at__lte=now - SETTLES_AFTER)
    paid = 0
    with Apart("paying withdrawals out") as apart:
        for row in due.order_by("requested_at", "id"):
            apart.act(lambda ids: settle(ids[0], COMPLETE, now=now), [row.id])
            paid += 1
    return paid


@transaction.atomic
def settle(withdrawal_id: str, status: str, *, now: datetime) -> bool:
    """End a pending withdrawal; False if it has ended already."""
    name = Withdrawal.objects.values_list("account_id", flat=True).get(id=withdrawal_id)
    desk = open_desk([name], now)
    row = Withdrawal.objects.select_for_update(no_key=True, of=("self",)).get(id=withdrawal_id)
    if row.status != PENDING:
        return False
    if status == COMPLETE and desk.ledger.account(name).balance(row.asset) < row.amount:
        status = FAILED  # a loss has taken it meanwhile
    _end(desk, row, status)
    desk.save()
    return True


def fail_pending(desk: Desk, name: str) -> None:
    """Let go what an account at the desk waits to be paid: it is needed. Locks those rows."""
    pending = Withdrawal.objects.select_for_update(no_key=True, of=("self",))
    for row in pending.filter(account_id=name, status=PENDING).order_by("requested_at", "id"):
        _end(desk, row, FAILED)


def _end(desk: Desk, row: Withdrawal, status: str) -> None:
    data = _data(row.asset, row.amount, status, row.destination)
    desk.post(state.WITHDRAWAL, row.account_id, data)
    row.status, row.settled_at = status, desk.now
    row.save()


def _free_down(desk: Desk, name: str, asset: str) -> Decimal:
    """Return how much of an asset may leave: what margin does not need, nor a hold."""
    if asset == USDC:
        return money.withdrawable_down(desk, name)
    account, terms = desk.ledger.account(name), COLLATERAL[asset]
    found = money.margin_known(desk, name)
    free = max(EXACT.subtract(account.balance(asset), account.held(asset)), ZERO)
    if found is None or not free:
        return ZERO
    if not summary.is_lent_on(account, found):
        return free
    price = desk.marks.prices[terms.feed]
    spare = EXACT.divide(found.available, EXACT.multiply(price, terms.ltv))
    unit = Decimal(1).scaleb(-terms.places)
    return min(free, spare.quantize(unit, rounding="ROUND_DOWN", context=EXACT))


def _data(asset: str, amount: Decimal, status: str, destination: str) -> dict[str, str]:
    return {
        "asset": asset,
        "amount": plain_trimmed(amount),
        "status": status,
        "destination": destination,
    }
