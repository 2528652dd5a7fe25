"""Proposals, votes, what was told of them, the treasury; rows only, written by services alone.

1. Whatever changes what a proposal shows is told by an event row of its own, in its transaction:
   the event shows the whole proposal, so that the last one is the proposal's row.
2. A user has at most one vote on a proposal, and the tally is the sum of the votes.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from dualis.accounts.money import ASSET_LENGTH
from dualis.exact import ZERO
from dualis.fields import ExactDecimalField
from dualis.published import PublishedOnce
from governance import figures, lifecycle
from governance.lifecycle import ProposalType, Status, Times
from governance.tally import WEIGHT_PLACES, Direction, Outcome, Tally, outcome

TITLE_LENGTH = 120
VOTE_REASON_LENGTH = 500
MESSAGE_LENGTH = 600
HELD, RETURNED, FORFEITED = "held", "returned", "forfeited"


def weight_field(default: Decimal | None = None) -> ExactDecimalField:
    """Return a field for voting weight; a tally holds the whole supply many times over."""
    options = {} if default is None else {"default": default}
    return ExactDecimalField(max_digits=28, decimal_places=WEIGHT_PLACES, **options)


def user_key(*, null: bool = False) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=null, related_name="+"
    )


class Docket(models.Model):
    """One row: the number of the last proposal. Who creates one locks it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last_number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"up to DIP-{self.last_number}"


class Proposal(models.Model):
    """What is proposed, its clocks and its tally. Its changes are told by `ProposalEvent`.

    `status` is the last one told; what counts is `status_at`. `due_at` is when the engine next has
    something to do for it. `deposit_state` is where the proposer's deposit is.
    """

    id = models.CharField(primary_key=True, max_length=16)
    number = models.PositiveIntegerField(unique=True)
    type = models.CharField(max_length=24, choices=[(t.value, t.value) for t in ProposalType])
    title = models.CharField(max_length=TITLE_LENGTH)
    description = models.TextField()
    discussion_url = models.CharField(max_length=300, blank=True)
    payload = models.JSONField()
    # what the cooldown of an executed change is on; empty for other types
    target_pool = models.CharField(max_length=32, blank=True)
    target_parameter = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=16, choices=[(s.value, s.value) for s in Status])

    proposer = user_key()
    proposer_id: str
    created_at = models.DateTimeField()
    deposit = ExactDecimalField()
    deposit_state = models.CharField(max_length=12, default=HELD)
    cosigner = user_key(null=True)
    cosigned_at = models.DateTimeField(null=True)

    vote_warning_at = models.DateTimeField(null=True)
    voting_ends_at = models.DateTimeField()
    timelock_ends_at = models.DateTimeField()
    expiry_warning_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)

    votes_for = weight_field(ZERO)
    votes_against = weight_field(ZERO)
    votes_abstain = weight_field(ZERO)
    total_voters = models.PositiveIntegerField(default=0)
    quorum_required = weight_field()

    ended_at = models.DateTimeField(null=True)
    ended_by = user_key(null=True)
    end_reason = models.CharField(max_length=500, blank=True)
    executed_at = models.DateTimeField(null=True)
    execution = models.JSONField(null=True)
    event_count = models.PositiveIntegerField(default=0)

    # what a vote moves, and what moves at all; the rest is written once
    TALLY: ClassVar[tuple[str, ...]] = (
        "votes_for",
        "votes_against",
        "votes_abstain",
        "total_voters",
        "event_count",
    )
    MOVING: ClassVar[tuple[str, ...]] = (
        *TALLY,
        "status",
        "deposit_state",
        "cosigner",
        "cosigned_at",
        "vote_warning_at",
        "voting_ends_at",
        "timelock_ends_at",
        "expiry_warning_at",
        "deadline_at",
        "due_at",
        "ended_at",
        "ended_by",
        "end_reason",
        "executed_at",
        "execution",
    )

    class Meta:
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["due_at"], name="proposal_by_due"),
            models.Index(fields=["status", "-number"], name="proposal_by_status"),
            models.Index(
                fields=["target_pool", "target_parameter", "-executed_at"],
                name="proposal_by_target",
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def times(self) -> Times:
        return Times(
            self.vote_warning_at,
            self.voting_ends_at,
            self.timelock_ends_at,
            self.expiry_warning_at,
            self.deadline_at,
        )

    def set_times(self, times: Times) -> None:
        """Take over the clocks; the caller saves."""
        self.vote_warning_at, self.voting_ends_at = times.vote_warning_at, times.voting_ends_at
        self.timelock_ends_at, self.deadline_at = times.timelock_ends_at, times.deadline_at
        self.expiry_warning_at = times.expiry_warning_at

    @property
    def tally(self) -> Tally:
        return Tally(self.votes_for, self.votes_against, self.votes_abstain)

    def set_tally(self, votes: Tally) -> None:
        """Take over a tally; the caller saves."""
        self.votes_for, self.votes_against = votes.votes_for, votes.votes_against
        self.votes_abstain = votes.votes_abstain

    @property
    def outcome(self) -> Outcome:
        return outcome(self.tally, self.quorum_required)

    def status_at(self, now: datetime) -> Status:
        """Return the status by time, whatever has been told of it."""
        return lifecycle.status_at(Status(self.status), self.times, self.outcome, now)


class ProposalEvent(PublishedOnce):
    """A fact about a proposal: created, voted on, a status reached, executed. Appended once.

    It shows the proposal as it is at that moment; snapshots have the last one of each proposal that
    is not over. `details` are what the fact itself adds.
    """

    CHANNEL: ClassVar[str] = "governance"

    key = models.CharField(primary_key=True, max_length=32)  # "<proposal id>:<number from 1>"
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="events")
    proposal_id: str
    number = models.PositiveIntegerField()
    event = models.CharField(max_length=20)
    details = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ["proposal", "number"]
        indexes = [models.Index(fields=["proposal", "event"], name="event_of_proposal")]

    def __str__(self) -> str:
        return f"{self.event} {self.key}"

    def stream_key(self) -> str:
        return self.proposal_id

    def stream_dims(self) -> tuple[str, ...]:
        return (self.proposal_id, self.event)

    def is_open(self) -> bool:
        return self.proposal.status in lifecycle.LIVE

    def to_dict(self) -> dict[str, Any]:
        return {"event": self.event, **figures.proposal_row(self.proposal), **self.details}


class Vote(models.Model):
    """A user's vote, replaced by the next one; its weight stays what it was at the first."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="votes")
    proposal_id: str
    voter = user_key()
    voter_id: str
    direction = models.CharField(max_length=8, choices=[(d.value, d.value) for d in Direction])
    weight = weight_field()
    previous_direction = models.CharField(max_length=8, blank=True)
    cast_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=VOTE_REASON_LENGTH, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "voter"], name="one_vote_per_proposal")
        ]
        indexes = [models.Index(fields=["proposal", "-id"], name="vote_of_proposal")]

    def __str__(self) -> str:
        return f"{self.voter_id} {self.direction} on {self.proposal_id}"


class Announcement(models.Model):
    """What the proposer and the voters are still to be told, some of them at a time.

    `cursor` is the id of the last vote whose voter was told; null before the proposer was.
    """

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="+")
    proposal_id: str
    kind = models.CharField(max_length=40)
    message = models.CharField(max_length=MESSAGE_LENGTH)
    is_for_voters = models.BooleanField()
    cursor = models.PositiveBigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.proposal_id}"


class TreasuryAccount(models.Model):
    """What the treasury holds of an asset: the sum of the entries of `treasury` in the ledger."""

    asset = models.CharField(primary_key=True, max_length=ASSET_LENGTH)
    amount = ExactDecimalField(default=ZERO)

    class Meta:
        ordering = ["asset"]

    def __str__(self) -> str:
        return f"treasury of {self.asset}"
