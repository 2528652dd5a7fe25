"""What is recorded of pools and of the whole market every few minutes; rows only, not published."""

from typing import Any

from django.db import models

from dualis.exact import plain_trimmed
from dualis.fields import ExactDecimalField
from dualis.timestamps import iso


class PoolPoint(models.Model):
    """A pool's published figures at one moment. Amounts are the asset's, yields a year's."""

    pool = models.ForeignKey("lending.Pool", on_delete=models.CASCADE, related_name="points")
    at = models.DateTimeField()
    total_supply = ExactDecimalField()
    total_borrow = ExactDecimalField()
    supply_apy = ExactDecimalField(max_digits=20, decimal_places=6)
    borrow_apy = ExactDecimalField(max_digits=20, decimal_places=6)
    utilization = ExactDecimalField(max_digits=10, decimal_places=6)
    price_usd = ExactDecimalField(max_digits=28, decimal_places=8)

    class Meta:
        ordering = ["pool", "at"]
        indexes = [models.Index(fields=["pool", "at"], name="pool_points")]

    def __str__(self) -> str:
        return f"{self.pool_id} {self.at}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "timestamp": iso(self.at),
            "totalSupply": plain_trimmed(self.total_supply),
            "totalBorrow": plain_trimmed(self.total_borrow),
            "supplyAPY": float(self.supply_apy),
            "borrowAPY": float(self.borrow_apy),
            "utilization": float(self.utilization),
            "priceUSD": plain_trimmed(self.price_usd),
        }


class MarketPoint(models.Model):
    """The whole market at one moment. `average_health` is null where nobody owes."""

    at = models.DateTimeField(db_index=True)
    tvl_usd = ExactDecimalField(max_digits=30, decimal_places=2)
    borrowed_usd = ExactDecimalField(max_digits=30, decimal_places=2)
    reserves_usd = ExactDecimalField(max_digits=30, decimal_places=2)
    average_health = ExactDecimalField(max_digits=20, decimal_places=4, null=True)
    users_24h = models.PositiveIntegerField()
    transactions_24h = models.PositiveIntegerField()

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"market {self.at}"


FEE_PLACES = 8


def _ratio_field() -> ExactDecimalField:
    return ExactDecimalField(decimal_places=6, null=True)


class HealthPoint(models.Model):
    """What the protocol's health score is made of, at a point of the market; null: not measured.

    `buckets` counts loans by their health factor, as `health_score.BUCKETS`; `live_feeds` is the
    share of prices that were live at this moment, `oracle_uptime` that of the last 24 h.
    """

    market = models.OneToOneField(
        MarketPoint, on_delete=models.CASCADE, primary_key=True, related_name="health"
    )
    bad_debt_ratio = _ratio_field()
    reserve_coverage = _ratio_field()
    liquidation_efficiency = _ratio_field()
    concentration = _ratio_field()
    live_feeds = _ratio_field()
    oracle_uptime = _ratio_field()
    buckets = models.JSONField()
    liquidations_24h = models.PositiveIntegerField()
    fees_usd = ExactDecimalField(decimal_places=FEE_PLACES)  # since the point before
    fees_24h_usd = ExactDecimalField(max_digits=30, decimal_places=2)

    class Meta:
        ordering = ["market"]

    def __str__(self) -> str:
        return f"health at {self.market.at}"
