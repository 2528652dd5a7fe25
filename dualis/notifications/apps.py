from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "dualis.notifications"
    label = "notifications"
    verbose_name = "Notifications"
