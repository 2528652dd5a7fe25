"""Addresses of the oracle's REST; mounted below /v1/oracle/."""

from django.urls import path

from dualis.oracle import api

urlpatterns = [
    path("prices", api.Prices.as_view(), name="oracle-prices"),
    path("prices/<str:asset>", api.Price.as_view(), name="oracle-price"),
    path("twap/<str:asset>", api.Twap.as_view(), name="oracle-twap"),
    path("sources", api.Sources.as_view(), name="oracle-sources"),
    path("status", api.Status.as_view(), name="oracle-status"),
    path("alerts", api.Alerts.as_view(), name="oracle-alerts"),
    path("manual/<str:asset>", api.SetManualPrice.as_view(), name="oracle-manual"),
    path(
        "circuit-breaker/<str:asset>/reset",
        api.ResetBreaker.as_view(),
        name="oracle-breaker-reset",
    ),
]
