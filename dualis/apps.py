from django.apps import AppConfig


class DualisConfig(AppConfig):
    name = "dualis"
    verbose_name = "Engine"
