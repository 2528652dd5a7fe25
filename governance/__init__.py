"""Governance: votes of DUAL holders that change the market."""
