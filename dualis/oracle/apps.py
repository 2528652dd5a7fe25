from django.apps import AppConfig


class OracleConfig(AppConfig):
    name = "dualis.oracle"
    label = "oracle"
    verbose_name = "Oracle"

    def ready(self) -> None:
        """Refuse to start with a PRICE_SOURCE that nothing can be made of."""
        from django.conf import settings

        from dualis.oracle.sources import replay_spec

        replay_spec(settings.PRICE_SOURCE)
