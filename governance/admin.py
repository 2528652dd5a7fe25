"""Governance in the admin; Django finds this module alone."""

from governance import proposals_admin, staking_admin  # noqa: F401
