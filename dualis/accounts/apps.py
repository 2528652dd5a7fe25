from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "dualis.accounts"
    label = "accounts"
    verbose_name = "Accounts"
