"""The admin of lending."""

from dualis.lending import liquidation_admin  # noqa: F401  (Django finds `admin` alone)
