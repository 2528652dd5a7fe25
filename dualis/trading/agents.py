"""For which account a signer acts, and that it uses each nonce once."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from dualis import errors
from dualis.lookups import built_once, read_all
from dualis.trading import state
from dualis.trading.desk import Desk, open_desk
from dualis.trading.models import Agent, MarginAccount, UsedNonce, milliseconds
from dualis.writes import insert_new

KEPT = timedelta(days=2)  # a nonce is a time: older ones are refused, so they need not be kept
AHEAD = timedelta(days=1)
MAX_AGENTS = 4
MAX_NAME = 50
ZERO_ADDRESS = "0x" + "0" * 40


def account_for(signer: str) -> str:
    """Return the account that a signer acts for: its own, or that which approved it.

    AccountNotFound for a stranger.
    """
    accounts, agents = read_all(_named.of(signer), _agents.of(signer))
    if not accounts and not agents:
        raise errors.AccountNotFound(address=signer)
    return signer if accounts else str(agents[0].account_id)


@built_once
def _named(name: str) -> QuerySet[MarginAccount]:
    return MarginAccount.objects.filter(name=name).only("name")


@built_once
def _agents(address: str) -> QuerySet[Agent]:
    return Agent.objects.filter(address=address)


def use_nonce(signer: str, nonce: int, *, now: datetime) -> None:
    """Note that a signer has used a nonce, in the caller's transaction.

    NonceRefused if it was used before, or lies too far from `now`.
    """
    moment = milliseconds(now)
    span = KEPT // timedelta(milliseconds=1), AHEAD // timedelta(milliseconds=1)
    if not moment - span[0] < nonce < moment + span[1]:
        raise errors.NonceRefused(nonce=nonce, reason="is no present time in milliseconds")
    if not insert_new(UsedNonce, (signer, nonce, now)):
        raise errors.NonceRefused(nonce=nonce, reason="was used before")


@transaction.atomic
def approve(owner: str, agent: str, name: str, *, now: datetime) -> None:
    """Let an address sign for an account; ValidationError, AddressTaken.

    The zero address revokes every agent of this name, or all without a name.
    """
    address = agent.lower()
    if not state.is_address(address):
        raise errors.ValidationError({"agentAddress": ["is 0x and hex digits."]})
    if len(name) > MAX_NAME:
        raise errors.ValidationError({"agentName": [f"has at most {MAX_NAME} characters."]})
    desk = open_desk([owner], now)
    known = dict(desk.ledger.account(owner).agents)
    if address == ZERO_ADDRESS:
        for gone in [a for a, n in known.items() if not name or n == name]:
            _post(desk, owner, gone, name, is_approved=False)
            Agent.objects.filter(address=gone).delete()
    else:
        if MarginAccount.objects.filter(name=address).exists():
            raise errors.AddressTaken(address=address)
        if address not in known and len(known) >= MAX_AGENTS:
            raise errors.ValidationError({"agentAddress": [f"at most {MAX_AGENTS} agents."]})
        row, _ = Agent.objects.get_or_create(address=address, defaults={"account_id": owner})
        if row.account_id != owner:
            raise errors.AddressTaken(address=address)
        _post(desk, owner, address, name, is_approved=True)
    desk.save()


def prune(now: datetime) -> int:
    """Delete nonces that are refused for their age anyway; return how many."""
    return UsedNonce.objects.filter(at__lt=now - KEPT - AHEAD).delete()[0]


def _post(desk: Desk, owner: str, agent: str, name: str, *, is_approved: bool) -> None:
    desk.post(state.AGENT, owner, {"agent": agent, "name": name, "isApproved": is_approved})
