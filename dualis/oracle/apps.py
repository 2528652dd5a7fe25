from django.apps import AppConfig


class OracleConfig(AppConfig):
    name = "dualis.oracle"
    label = "oracle"
    verbose_name = "Oracle"
