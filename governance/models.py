"""The rows of governance; Django finds the models of an app in this module alone."""

from governance.proposal_models import (
    Announcement,
    Docket,
    Proposal,
    ProposalEvent,
    TreasuryAccount,
    Vote,
)
from governance.staking_models import Cooldown, FeeShare, Stake, Staking

__all__ = [
    "Announcement",
    "Cooldown",
    "Docket",
    "FeeShare",
    "Proposal",
    "ProposalEvent",
    "Stake",
    "Staking",
    "TreasuryAccount",
    "Vote",
]
