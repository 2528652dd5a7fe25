"""Addresses below /v1/."""

from django.urls import path

from dualis.notifications import api

urlpatterns = [
    path("notifications", api.NotificationsView.as_view()),
    path("notifications/unread-count", api.UnreadCountView.as_view()),
    path("notifications/read-all", api.ReadAllView.as_view()),
    path("notifications/<str:notification_id>", api.NotificationView.as_view()),
    path("notifications/<str:notification_id>/read", api.ReadView.as_view()),
]
