from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "dualis.trading"
    label = "trading"
    verbose_name = "Trading"
