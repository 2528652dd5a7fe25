"""What accounts were worth, sampled; rows only, written by `portfolio` alone."""

from django.db import models

from dualis.exact import ZERO
from dualis.fields import ExactDecimalField
from dualis.trading import models as ledger
from dualis.trading.portfolio_figures import USD_PLACES, Totals


class PortfolioCursor(models.Model):
    """One row: the last transaction that totals know, and how far the present round has come."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    after = models.PositiveBigIntegerField(default=0)
    sampled_at = models.DateTimeField(null=True)  # when the round began
    name = models.CharField(max_length=ledger.ADDRESS_LENGTH, blank=True)  # the last one sampled
    is_over = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"samples of {self.sampled_at}"


class PortfolioTotals(models.Model):
    """What came in and out of an account and what it traded, ever, as of its last sample."""

    account = models.OneToOneField(
        ledger.MarginAccount, on_delete=models.PROTECT, primary_key=True, related_name="totals"
    )
    account_id: str
    flows = ExactDecimalField(default=ZERO, decimal_places=USD_PLACES)
    realized = ExactDecimalField(default=ZERO, decimal_places=USD_PLACES)
    volume = ExactDecimalField(default=ZERO, decimal_places=USD_PLACES)
    sampled_at = models.DateTimeField(null=True)
    shown = models.JSONField(default=list)  # the figures of that sample, exact texts

    def __str__(self) -> str:
        return f"totals of {self.account_id}"

    @property
    def totals(self) -> Totals:
        return Totals(self.flows, self.realized, self.volume)

    def add(self, more: Totals) -> None:
        """Add to them; the caller saves."""
        found = self.totals.plus(more)
        self.flows, self.realized, self.volume = found.flows, found.realized, found.volume


class PortfolioSample(models.Model):
    """What an account was worth at one moment. `grade` says how long the sample is kept."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        ledger.MarginAccount, on_delete=models.PROTECT, related_name="samples"
    )
    account_id: str
    at = models.DateTimeField()
    grade = models.PositiveSmallIntegerField()
    value = ExactDecimalField(decimal_places=USD_PLACES)
    pnl = ExactDecimalField(decimal_places=USD_PLACES)
    perp_pnl = ExactDecimalField(decimal_places=USD_PLACES)
    volume = ExactDecimalField(decimal_places=USD_PLACES)

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["account", "at"], name="one_sample_a_time")]
        indexes = [
            models.Index(fields=["account", "grade", "-at"], name="sample_of_account"),
            models.Index(fields=["grade", "at"], name="sample_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} at {self.at:%Y-%m-%d %H:%M}"
