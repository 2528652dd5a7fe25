"""Addresses of governance, below /v1/."""

from django.urls import path

from governance import delegation_api, staking_api

urlpatterns = [
    path("governance/delegate", delegation_api.Delegate.as_view()),
    path("governance/undelegate", delegation_api.Undelegate.as_view()),
    path("governance/delegations", delegation_api.Delegations.as_view()),
    path("governance/voting-power", delegation_api.VotingPowerView.as_view()),
    path("staking/info", staking_api.Info.as_view()),
    path("staking/position", staking_api.Position.as_view()),
    path("staking/stake", staking_api.StakeView.as_view()),
    path("staking/unstake", staking_api.Unstake.as_view()),
    path("staking/withdraw", staking_api.Withdraw.as_view()),
    path("staking/claim", staking_api.Claim.as_view()),
]
