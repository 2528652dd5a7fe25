"""Governance in the admin; Django finds this module alone."""

from governance import staking_admin  # noqa: F401
