"""Addresses of governance, below /v1/."""

from django.urls import path

from governance import api, delegation_api, staking_api

_PROPOSAL = "governance/proposals/<str:proposal_id>"

urlpatterns = [
    path("governance/config", api.Config.as_view()),
    path("governance/preview", api.Preview.as_view()),
    path("governance/proposals", api.Proposals.as_view()),
    path(_PROPOSAL, api.ProposalDetail.as_view()),
    path(f"{_PROPOSAL}/votes", api.Votes.as_view()),
    path(f"{_PROPOSAL}/my-vote", api.MyVote.as_view()),
    path(f"{_PROPOSAL}/vote", api.CastVote.as_view()),
    path(f"{_PROPOSAL}/cancel", api.Cancel.as_view()),
    path(f"{_PROPOSAL}/veto", api.Veto.as_view()),
    path(f"{_PROPOSAL}/execute", api.Execute.as_view()),
    path(f"{_PROPOSAL}/co-sign", api.CoSign.as_view()),
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
