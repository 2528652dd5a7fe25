"""REST of the market's exposure: loans by health factor, and what a fall of prices puts at risk.

Public, in sums alone: it names no position and no user.
"""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from dualis.api import PublicView, reply
from dualis.lending.exposure import AtRisk, Bucket
from dualis.lending.exposures import Memory
from dualis.lending.risk import LIQUIDATABLE_BELOW
from realtime import journal, readers

_memory = Memory()


class Risk(PublicView):
    """GET analytics/risk: as of `block`; `fall` is the share that prices lose."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            known = _memory.read(at.epoch)
        found = known.found
        data = {
            "block": known.block,
            "loans": found.loans,
            "debtUSD": _usd(found.debt),
            "collateralUSD": _usd(found.collateral),
            "liquidatableBelow": float(LIQUIDATABLE_BELOW),
            "healthFactors": [_bucket(bucket) for bucket in found.buckets],
            "shocks": [_at_risk(row) for row in found.together],
            "byAsset": [
                {"asset": asset, "shocks": [_at_risk(row) for row in rows]}
                for asset, rows in found.alone.items()
            ],
        }
        return reply(data, seq=at.seq, epoch=at.epoch)


def _bucket(bucket: Bucket) -> dict[str, Any]:
    return {
        "from": bucket.least,
        "below": bucket.below,
        "loans": bucket.loans,
        "debtUSD": _usd(bucket.debt),
    }


def _at_risk(row: AtRisk) -> dict[str, Any]:
    return {
        "fall": row.fall,
        "loans": row.loans,
        "debtUSD": _usd(row.debt),
        "collateralUSD": _usd(row.collateral),
        "shortfallUSD": _usd(row.shortfall),
    }


def _usd(value: float) -> str:
    return f"{value:.2f}"
