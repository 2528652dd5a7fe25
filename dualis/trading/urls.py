"""Addresses of the margin ledger below /v1/."""

from django.urls import path

from dualis.trading import api

urlpatterns = [
    path("trading/account", api.Account.as_view()),
    path("trading/transfer", api.Transfer.as_view()),
    path("trading/signing", api.Schema.as_view()),
]
