from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class AccountsConfig(AppConfig):
    name = "dualis.accounts"
    label = "accounts"
    verbose_name = "Accounts"
    default = True


class StaffAdminConfig(admin_apps.AdminConfig):
    """Django's admin with our own log-in."""

    default_site = "dualis.accounts.admin_site.StaffSite"
    default = False
