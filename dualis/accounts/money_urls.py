"""Addresses below /v1/user/."""

from django.urls import path

from dualis.accounts import money_api

urlpatterns = [
    path("balances", money_api.BalancesView.as_view()),
    path("statement", money_api.StatementView.as_view()),
    path("faucet", money_api.FaucetView.as_view()),
]
