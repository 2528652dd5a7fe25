"""Money in and out of margin accounts: opening them, transfers from the wallet, withdrawals.

A transfer moves both ledgers in one transaction (rulings, 31): the wallet's leg has its other side
on `margin:<address>` of the double-entry ledger, the margin ledger a `Transfer`.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import amounts, errors
from dualis.accounts import ledger, wallets
from dualis.accounts.ledger import Leg
from dualis.exact import EXACT, TOO_BIG, ZERO, plain_trimmed
from dualis.trading import state, summary
from dualis.trading.desk import Desk, open_desk
from dualis.trading.margin import Margin
from dualis.trading.markets import COLLATERAL, USDC
from dualis.trading.models import MarginAccount

PLACES = COLLATERAL[USDC].places
TRANSFER = "margin_transfer"


@transaction.atomic
def open_account(
    address: str, *, now: datetime, user_id: str | None = None, is_simulated: bool = False
) -> MarginAccount:
    """Open the account of an address and link it to a user; one that is there already stays.

    ValidationError for what is no address; AddressTaken if it, or the user, is linked elsewhere.
    """
    name = address.lower()
    if not state.is_address(name):
        raise errors.ValidationError({"address": ["is 0x and up to 64 hex digits."]})
    row = MarginAccount.objects.select_for_update(no_key=True, of=("self",)).filter(name=name)
    found = row.first()
    linked = MarginAccount.objects.filter(user_id=user_id).first() if user_id else None
    if (linked and linked.name != name) or (found and found.user_id not in (None, user_id)):
        raise errors.AddressTaken(address=name)
    if found is None:
        found = MarginAccount(name=name, user_id=user_id, is_simulated=is_simulated, opened_at=now)
        found.save(force_insert=True)
    elif user_id and found.user_id is None:
        found.user_id = user_id
        found.save()
    return found


@transaction.atomic
def transfer(user_id: str, amount: str, *, is_in: bool, now: datetime) -> Decimal:
    """Move USDC from the wallet into the user's margin account, or back; return the amount.

    "max" moves the whole wallet, or all that is withdrawable. AccountNotFound without a linked
    account; InsufficientBalance; InsufficientMargin for what margin or a hold needs.
    """
    linked = MarginAccount.objects.filter(user_id=user_id).first()
    if linked is None:
        raise errors.AccountNotFound(address="of this user")
    wallet = wallets.lock([(user_id, USDC)])[user_id, USDC]
    desk = open_desk([linked.name], now)
    free = withdrawable_down(desk, linked.name)
    whole = wallet.amount if is_in else free
    moved = _amount(amount, whole)
    if not is_in and moved > free:
        raise errors.InsufficientMargin(withdrawable=plain_trimmed(free), asset=USDC)
    signed = moved if is_in else moved.copy_negate()
    legs = [wallets.move(wallet, signed.copy_negate()), Leg(f"margin:{linked.name}", USDC, signed)]
    desk.post(state.TRANSFER, linked.name, {"asset": USDC, "amount": format(signed, "f")})
    wallets.save(wallet)
    ledger.post(TRANSFER, legs, now=now, reference=linked.name[:64], user_id=user_id)
    desk.save()
    return moved


@transaction.atomic
def deposit(address: str, asset: str, amount: Decimal, *, now: datetime, memo: str = "") -> str:
    """Book what came into an account from outside; return the transaction's hash.

    AccountNotFound; ValidationError for an asset that is no collateral, or a bad amount.
    """
    if asset not in COLLATERAL:
        raise errors.ValidationError({"asset": [f"{asset} is no collateral."]})
    unit = Decimal(1).scaleb(-COLLATERAL[asset].places)
    if amount <= 0 or amount >= TOO_BIG or amount != amount.quantize(unit, context=EXACT):
        raise errors.ValidationError({"amount": ["is above 0, with the asset's decimals."]})
    desk = open_desk([address], now)
    data = {"asset": asset, "amount": format(amount, "f"), "memo": memo}
    hash = desk.post(state.DEPOSIT, address, data)
    desk.save()
    return hash


def withdrawable_down(desk: Desk, name: str) -> Decimal:
    """Return the USDC that may leave an account at the desk now."""
    found = margin_known(desk, name)
    if found is None:
        return ZERO
    return round_down(summary.withdrawable_down(desk.ledger.account(name), found))


def margin_known(desk: Desk, name: str) -> Margin | None:
    """Return the margin by which money may leave an account at the desk, its orders included.

    None while a price that it leans on is not live, if anything is lent on what it has: what that
    needs is not known. Who owes and risks nothing needs no price to leave.
    """
    account, orders = desk.ledger.account(name), desk.accounts[name].open_orders()
    found = summary.margin_of(account, desk.marks.prices, orders)
    is_known = not desk.marks.dead(summary.feeds_of(account, orders))
    return found if is_known or not summary.is_lent_on(account, found) else None


def round_down(amount: Decimal) -> Decimal:
    """Return an amount cut to the decimals of USDC."""
    return amount.quantize(Decimal(1).scaleb(-PLACES), rounding="ROUND_DOWN")


def _amount(text: str, whole: Decimal) -> Decimal:
    """Return an amount of USDC above zero; "max" is `whole`."""
    asked = amounts.parse(text, PLACES)
    amount = whole if asked is None else asked
    if amount <= 0:
        raise errors.ValidationError({"amount": ["there is nothing to move."]})
    return amount
