from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import dualis.fields
import dualis.oracle.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Asset",
            fields=[
                ("symbol", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                (
                    "instrument_type",
                    models.CharField(
                        choices=[
                            ("Stablecoin", "Stable coin"),
                            ("CryptoCurrency", "Cryptocurrency"),
                            ("TokenizedEquity", "Tokenized equity"),
                            ("TokenizedBond", "Tokenized bond"),
                            ("TokenizedTreasury", "Tokenized treasury"),
                            ("TokenizedReceivable", "Tokenized receivable"),
                            ("LPToken", "Liquidity token"),
                        ],
                        max_length=24,
                    ),
                ),
                ("decimals", models.PositiveSmallIntegerField()),
                (
                    "feed_kind",
                    models.CharField(
                        choices=[
                            ("market", "Market price: simulated or replayed"),
                            ("manual", "Net asset value entered by staff"),
                        ],
                        max_length=8,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["symbol"],
            },
        ),
        migrations.CreateModel(
            name="Quote",
            fields=[
                (
                    "asset",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="quote",
                        serialize=False,
                        to="oracle.asset",
                    ),
                ),
                ("price", dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28)),
                (
                    "change_24h",
                    dualis.fields.ExactDecimalField(decimal_places=4, max_digits=28, null=True),
                ),
                ("confidence", dualis.fields.ExactDecimalField(decimal_places=4, max_digits=6)),
                ("sources", models.JSONField(default=list)),
                ("is_simulated", models.BooleanField()),
                (
                    "twap_5m",
                    dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28, null=True),
                ),
                (
                    "twap_15m",
                    dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28, null=True),
                ),
                (
                    "twap_1h",
                    dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28, null=True),
                ),
                ("is_stale", models.BooleanField(default=False)),
                ("feed", models.CharField(max_length=60)),
                ("source_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("is_tripped", models.BooleanField(default=False)),
                ("trip_reason", models.CharField(blank=True, max_length=12)),
                ("tripped_at", models.DateTimeField(null=True)),
                ("released_at", models.DateTimeField(null=True)),
                (
                    "candidate",
                    dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28, null=True),
                ),
                ("candidate_at", models.DateTimeField(null=True)),
                ("run_since", models.DateTimeField(null=True)),
                (
                    "run_low",
                    dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28, null=True),
                ),
                (
                    "run_high",
                    dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28, null=True),
                ),
                ("reset_requested_at", models.DateTimeField(null=True)),
                ("reset_requested_by", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "ordering": ["asset_id"],
            },
        ),
        migrations.CreateModel(
            name="ManualPrice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "price",
                    dualis.fields.ExactDecimalField(
                        decimal_places=8,
                        max_digits=28,
                        validators=[django.core.validators.MinValueValidator(Decimal("1E-8"))],
                    ),
                ),
                ("actor_id", models.CharField(max_length=64)),
                ("entered_at", models.DateTimeField()),
                ("is_simulated", models.BooleanField(default=False)),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="manual_prices",
                        to="oracle.asset",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="OracleAlert",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=dualis.oracle.models._new_alert_id,
                        editable=False,
                        max_length=32,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("circuit_breaker_trip", "Breaker tripped"),
                            ("circuit_breaker_recover", "Breaker released"),
                            ("circuit_breaker_reset", "Breaker reset by staff"),
                            ("source_failure", "Source failed"),
                            ("source_recovery", "Source recovered"),
                            ("stale_price", "Price stale"),
                            ("manual_price", "Manual price entered"),
                        ],
                        max_length=24,
                    ),
                ),
                ("message", models.CharField(max_length=300)),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("info", "Information"),
                            ("warning", "Warning"),
                            ("critical", "Critical"),
                        ],
                        max_length=8,
                    ),
                ),
                ("metadata", models.JSONField(default=dict)),
                ("at", models.DateTimeField(db_index=True)),
                (
                    "asset",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="oracle.asset",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="PriceBar",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("feed", models.CharField(max_length=60)),
                (
                    "interval",
                    models.CharField(choices=[("1m", "Minute"), ("1d", "Day")], max_length=2),
                ),
                ("start", models.DateTimeField()),
                ("open", dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28)),
                ("high", dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28)),
                ("low", dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28)),
                ("close", dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28)),
                ("close_at", models.DateTimeField()),
                ("is_simulated", models.BooleanField()),
                (
                    "asset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="oracle.asset",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("asset", "feed", "interval", "start"), name="one_bar_an_interval"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceTick",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("feed", models.CharField(max_length=60)),
                ("at", models.DateTimeField()),
                ("price", dualis.fields.ExactDecimalField(decimal_places=8, max_digits=28)),
                ("is_valid", models.BooleanField()),
                ("is_simulated", models.BooleanField()),
                (
                    "asset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="oracle.asset",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("asset", "feed", "at"), name="one_tick_a_moment"
                    )
                ],
            },
        ),
    ]
