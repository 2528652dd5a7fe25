"""Addresses below /v1/."""

from django.urls import path

from dualis.notifications import api, doors_api

_WEBHOOK = "notifications/webhooks/<str:webhook_id>"

urlpatterns = [
    path("notifications", api.NotificationsView.as_view()),
    path("notifications/unread-count", api.UnreadCountView.as_view()),
    path("notifications/read-all", api.ReadAllView.as_view()),
    path("notifications/preferences", doors_api.PreferencesView.as_view()),
    path("notifications/preferences/test", doors_api.TestView.as_view()),
    path("notifications/webhooks", doors_api.WebhooksView.as_view()),
    path(_WEBHOOK, doors_api.WebhookView.as_view()),
    path(f"{_WEBHOOK}/test", doors_api.WebhookTestView.as_view()),
    path(f"{_WEBHOOK}/deliveries", doors_api.DeliveriesView.as_view()),
    path("notifications/<str:notification_id>", api.NotificationView.as_view()),
    path("notifications/<str:notification_id>/read", api.ReadView.as_view()),
]
