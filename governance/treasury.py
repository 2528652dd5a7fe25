"""The treasury: booked money that proposals spend, and deposits of proposals.

In the ledger it is the account `treasury`; the deposit of a proposal stands on `proposal:<id>`.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import errors
from dualis.accounts import ledger, votes, wallets
from dualis.accounts.ledger import Leg
from dualis.accounts.money import Wallet
from dualis.exact import EXACT, ZERO, plain_trimmed
from governance.proposal_models import FORFEITED, HELD, RETURNED, Proposal, TreasuryAccount

ACCOUNT = "treasury"
DEPOSIT = Decimal(100)  # rulings, 23; DUAL


def lock(asset: str) -> TreasuryAccount:
    """Lock what the treasury holds of an asset; make the row if it is missing."""
    TreasuryAccount.objects.bulk_create([TreasuryAccount(asset=asset)], ignore_conflicts=True)
    return TreasuryAccount.objects.select_for_update(no_key=True).get(asset=asset)


def holds(asset: str) -> Decimal:
    """Return what the treasury has of an asset."""
    row = TreasuryAccount.objects.filter(asset=asset).first()
    return ZERO if row is None else row.amount


@transaction.atomic
def fund(user_id: str, asset: str, amount: Decimal, *, now: datetime) -> TreasuryAccount:
    """Pay an amount from a user's wallet into the treasury. InsufficientBalance."""
    wallet = wallets.lock([(user_id, asset)])[user_id, asset]
    row = lock(asset)
    legs = [wallets.move(wallet, -amount), _move(row, amount)]
    wallets.save(wallet, now=now)
    row.save()
    ledger.post("treasury", legs, now=now, user_id=user_id)
    return row


def require(asset: str, amount: Decimal) -> None:
    """Raise TreasuryInsufficient unless the treasury has so much."""
    available = holds(asset)
    if amount > available:
        raise errors.TreasuryInsufficient(
            asset=asset, available=plain_trimmed(available), required=plain_trimmed(amount)
        )


def pay(user_id: str, asset: str, amount: Decimal, *, reference: str, now: datetime) -> None:
    """Pay from the treasury into a user's wallet. TreasuryInsufficient."""
    wallet = wallets.lock([(user_id, asset)])[user_id, asset]
    row = lock(asset)
    require(asset, amount)
    legs = [_move(row, -amount), wallets.move(wallet, amount)]
    wallets.save(wallet, now=now)
    row.save()
    ledger.post("treasury_spend", legs, now=now, reference=reference)


def lock_deposit(user_id: str) -> Wallet:
    """Lock the wallet that a deposit comes from and goes back to."""
    return wallets.lock([(user_id, votes.DUAL)])[user_id, votes.DUAL]


def lock_deposits() -> None:
    """Lock where forfeited deposits go."""
    lock(votes.DUAL)


def take_deposit(wallet: Wallet, proposal_id: str, now: datetime) -> None:
    """Move the deposit of a new proposal out of the locked wallet. InsufficientBalance."""
    legs = [
        wallets.move(wallet, -DEPOSIT),
        Leg(f"proposal:{proposal_id}", votes.DUAL, DEPOSIT),
    ]
    wallets.save(wallet, now=now)
    ledger.post("proposal_deposit", legs, now=now, reference=proposal_id, user_id=wallet.user_id)


def settle_deposit(
    proposal: Proposal, wallet: Wallet, now: datetime, *, is_forfeited: bool = False
) -> None:
    """Return the deposit of a locked proposal once; or keep it, if the quorum was missed.

    The wallet is locked; who may forfeit has locked the treasury's DUAL too. The caller saves the
    proposal.
    """
    if proposal.deposit_state != HELD:
        return
    amount = proposal.deposit
    leg = Leg(f"proposal:{proposal.id}", votes.DUAL, -amount)
    if is_forfeited:
        row = lock(votes.DUAL)
        ledger.post("proposal_deposit", [leg, _move(row, amount)], now=now, reference=proposal.id)
        row.save()
        proposal.deposit_state = FORFEITED
        return
    legs = [leg, wallets.move(wallet, amount)]
    wallets.save(wallet, now=now)
    ledger.post("proposal_deposit", legs, now=now, reference=proposal.id)
    proposal.deposit_state = RETURNED


def _move(row: TreasuryAccount, amount: Decimal) -> Leg:
    row.amount = EXACT.add(row.amount, amount)
    return Leg(ACCOUNT, row.asset, amount)
