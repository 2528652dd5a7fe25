"""The rows of governance; Django finds the models of an app in this module alone."""

from governance.staking_models import Cooldown, FeeShare, Stake, Staking

__all__ = ["Cooldown", "FeeShare", "Stake", "Staking"]
