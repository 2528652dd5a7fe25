"""Addresses of governance, below /v1/."""

from django.urls import path

from governance import api

_PROPOSAL = "governance/proposals/<str:proposal_id>"

urlpatterns = [
    path("governance/config", api.Config.as_view()),
    path("governance/proposals", api.Proposals.as_view()),
    path(_PROPOSAL, api.ProposalDetail.as_view()),
    path(f"{_PROPOSAL}/votes", api.Votes.as_view()),
    path(f"{_PROPOSAL}/my-vote", api.MyVote.as_view()),
    path(f"{_PROPOSAL}/vote", api.CastVote.as_view()),
    path(f"{_PROPOSAL}/cancel", api.Cancel.as_view()),
    path(f"{_PROPOSAL}/veto", api.Veto.as_view()),
    path(f"{_PROPOSAL}/execute", api.Execute.as_view()),
    path(f"{_PROPOSAL}/co-sign", api.CoSign.as_view()),
]
