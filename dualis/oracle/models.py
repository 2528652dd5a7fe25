"""Assets, their published quotes, what was recorded of them, and what staff were told.

Every moment named `at`, `source_at` or `start` is on the clock of the asset's feed, which a replay
runs in the past; only `updated_at` and what people do is on the wall clock.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models

from dualis.fields import ExactDecimalField
from dualis.identifiers import public_id
from dualis.oracle.aggregate import CONFIDENCE_PLACES, PRICE_PLACES
from dualis.oracle.valuation import price_text, price_text_or_none
from dualis.published import Published

PRICE_DIGITS = 28
FEED_LENGTH = 60
LEAST_PRICE = Decimal(1).scaleb(-PRICE_PLACES)
MANUAL_VALID = timedelta(hours=24)  # spec 3: a net asset value has a staleness limit of its own


def price_field(**options: Any) -> ExactDecimalField:
    """Return a field for a price in USD, exact to 8 places."""
    return ExactDecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_PLACES, **options)


def _new_alert_id() -> str:
    return public_id("alert")


class InstrumentType(models.TextChoices):
    STABLECOIN = "Stablecoin", "Stable coin"
    CRYPTO = "CryptoCurrency", "Cryptocurrency"
    EQUITY = "TokenizedEquity", "Tokenized equity"
    BOND = "TokenizedBond", "Tokenized bond"
    TREASURY = "TokenizedTreasury", "Tokenized treasury"
    RECEIVABLE = "TokenizedReceivable", "Tokenized receivable"
    LP_TOKEN = "LPToken", "Liquidity token"


class FeedKind(models.TextChoices):
    MARKET = "market", "Market price: simulated or replayed"
    MANUAL = "manual", "Net asset value entered by staff"


class Asset(models.Model):
    """What has a price. An inactive asset has no feed: its quote goes stale."""

    symbol = models.CharField(primary_key=True, max_length=16)
    name = models.CharField(max_length=60)
    instrument_type = models.CharField(max_length=24, choices=InstrumentType.choices)
    decimals = models.PositiveSmallIntegerField()
    feed_kind = models.CharField(max_length=8, choices=FeedKind.choices)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["symbol"]

    def __str__(self) -> str:
        return self.symbol


class Quote(Published):
    """The published price of an asset, and the state of its breaker."""

    CHANNEL: ClassVar[str] = "prices"

    asset = models.OneToOneField(
        Asset, on_delete=models.CASCADE, primary_key=True, related_name="quote"
    )
    asset_id: str
    price = price_field()
    change_24h = ExactDecimalField(max_digits=PRICE_DIGITS, decimal_places=4, null=True)
    confidence = ExactDecimalField(max_digits=6, decimal_places=CONFIDENCE_PLACES)
    sources = models.JSONField(default=list)  # names of those that answered at the last tick
    spread = price_field(null=True)  # between the sources that answered, as a fraction
    is_simulated = models.BooleanField()
    twap_5m = price_field(null=True)
    twap_15m = price_field(null=True)
    twap_1h = price_field(null=True)
    is_stale = models.BooleanField(default=False)
    feed = models.CharField(max_length=FEED_LENGTH)  # whose clock and history the row is on
    source_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    # The breaker; `run_*` is the level that candidates keep to while it is tripped.
    is_tripped = models.BooleanField(default=False)
    trip_reason = models.CharField(max_length=12, blank=True)
    tripped_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    candidate = price_field(null=True)  # what the sources say now, published or not
    candidate_at = models.DateTimeField(null=True)
    run_since = models.DateTimeField(null=True)
    run_low = price_field(null=True)
    run_high = price_field(null=True)
    reset_requested_at = models.DateTimeField(null=True)
    reset_requested_by = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["asset_id"]

    def __str__(self) -> str:
        return f"{self.asset_id} {price_text(self.price)}"

    def stream_dims(self) -> tuple[str, ...]:
        return (self.asset_id,)

    def to_dict(self) -> dict[str, Any]:
        return {
            "asset": self.asset_id,
            "price": price_text(self.price),
            "change24h": None if self.change_24h is None else float(self.change_24h),
            "source": "oracle_aggregated",
            "simulated": self.is_simulated,
            "confidence": float(self.confidence),
            "twap5m": price_text_or_none(self.twap_5m),
            "twap15m": price_text_or_none(self.twap_15m),
            "twap1h": price_text_or_none(self.twap_1h),
            "stale": self.is_stale,
            "circuitBreaker": self.is_tripped,
        }


class PriceTick(models.Model):
    """One candidate price, kept 24 h; `is_valid` if the breaker let it pass."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, db_index=False, related_name="+")
    feed = models.CharField(max_length=FEED_LENGTH)
    at = models.DateTimeField()
    price = price_field()
    is_valid = models.BooleanField()
    is_simulated = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset", "feed", "at"], name="one_tick_a_moment")
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {price_text(self.price)} at {self.at}"


class Interval(models.TextChoices):
    MINUTE = "1m", "Minute"
    DAY = "1d", "Day"


class PriceBar(models.Model):
    """The valid prices of one minute (kept 30 days) or one UTC day (kept for ever)."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, db_index=False, related_name="+")
    feed = models.CharField(max_length=FEED_LENGTH)
    interval = models.CharField(max_length=2, choices=Interval.choices)
    start = models.DateTimeField()
    open = price_field()
    high = price_field()
    low = price_field()
    close = price_field()
    close_at = models.DateTimeField()  # the moment of the last price in the bar
    is_simulated = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "feed", "interval", "start"], name="one_bar_an_interval"
            )
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.interval} {self.start}"


class ManualPrice(models.Model):
    """A net asset value that staff entered, valid for 24 h. Append only."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="manual_prices")
    price = price_field(validators=[MinValueValidator(LEAST_PRICE)])
    actor_id = models.CharField(max_length=64)
    entered_at = models.DateTimeField()
    is_simulated = models.BooleanField(default=False)  # a demo's value, entered by nobody

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.asset_id} {price_text(self.price)}"

    @property
    def valid_until(self) -> datetime:
        return self.entered_at + MANUAL_VALID


class AlertType(models.TextChoices):
    TRIP = "circuit_breaker_trip", "Breaker tripped"
    RECOVER = "circuit_breaker_recover", "Breaker released"
    RESET = "circuit_breaker_reset", "Breaker reset by staff"
    SOURCE_FAILURE = "source_failure", "Source failed"
    SOURCE_RECOVERY = "source_recovery", "Source recovered"
    STALE = "stale_price", "Price stale"
    MANUAL_PRICE = "manual_price", "Manual price entered"


class Severity(models.TextChoices):
    INFO = "info", "Information"
    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"


class OracleAlert(models.Model):
    """Something staff should know of the oracle, or did to it. Append only."""

    id = models.CharField(primary_key=True, max_length=32, default=_new_alert_id, editable=False)
    type = models.CharField(max_length=24, choices=AlertType.choices)
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, null=True, related_name="alerts")
    message = models.CharField(max_length=300)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    metadata = models.JSONField(default=dict)
    at = models.DateTimeField(db_index=True)  # wall clock

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return self.message
