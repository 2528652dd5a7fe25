from django.apps import AppConfig


class LendingConfig(AppConfig):
    name = "dualis.lending"
    label = "lending"
    verbose_name = "Lending"
