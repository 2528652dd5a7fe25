"""Proposals in the admin: rows to read; staff co-sign and veto, which asks first."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from dualis import errors
from dualis.admin import ReadOnlyAdmin
from governance import docket, proposals
from governance.lifecycle import LIVE
from governance.proposal_models import Proposal, ProposalEvent, TreasuryAccount, Vote


class DecisionForm(forms.Form):
    """What the council does to one proposal; the page is its confirmation."""

    VETO, CO_SIGN = "veto", "co-sign"

    act = forms.ChoiceField(choices=[(VETO, "Veto"), (CO_SIGN, "Co-sign")])
    reason = forms.CharField(
        required=False,
        max_length=proposals.MOST_REASON,
        widget=forms.Textarea,
        help_text="Of a veto; everybody can read it.",
    )
    is_sure = forms.BooleanField(label="I have read the proposal and am sure.")


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    list_display = ("id", "type", "title", "status", "proposer", "voting_ends_at", "deadline_at")
    list_filter = ("status", "type")
    list_select_related = ("proposer",)
    search_fields = ("=id", "title", "=proposer__email")
    sortable_by = ("id", "type", "status", "voting_ends_at", "deadline_at")
    change_form_template = "admin/governance/proposal/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide_view)
        own = path("<str:proposal_id>/decide/", view, name="governance_proposal_decide")
        return [own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = Proposal.objects.filter(id=object_id).first()
        may_decide = row is not None and row.status in LIVE and _may_decide(request)
        context = {**(extra_context or {}), "may_decide": may_decide}
        return super().change_view(request, object_id, form_url, context)

    def decide_view(self, request: HttpRequest, proposal_id: str) -> HttpResponse:
        """Show the form of a decision; carry it out and go back to the proposal."""
        if not _may_decide(request):
            raise PermissionDenied
        back = reverse("admin:governance_proposal_change", args=[quote(proposal_id)])
        form = DecisionForm(request.POST or None)
        try:
            proposal = docket.find(proposal_id)
            if form.is_valid():
                _decide(request, proposal_id, form.cleaned_data)
                self.message_user(request, "Done.", messages.SUCCESS)
                return HttpResponseRedirect(back)
        except errors.ProposalNotFound as error:
            self.message_user(request, error.message, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:governance_proposal_changelist"))
        except errors.DomainError as error:
            form.add_error(None, error.message)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Decide on {proposal_id}",
            "opts": self.opts,
            "proposal": proposal,
            "form": form,
        }
        return TemplateResponse(request, "admin/governance/proposal/decide.html", context)


@admin.register(Vote)
class VoteAdmin(ReadOnlyAdmin):
    list_display = ("proposal", "voter", "direction", "weight", "cast_at", "changed_at")
    list_filter = ("direction",)
    list_select_related = ("proposal", "voter")
    search_fields = ("=proposal__id", "=voter__email")
    sortable_by = ("cast_at",)
    show_full_result_count = False


@admin.register(ProposalEvent)
class ProposalEventAdmin(ReadOnlyAdmin):
    list_display = ("key", "event", "details", "at")
    list_filter = ("event",)
    search_fields = ("=proposal__id",)
    sortable_by = ("at",)
    show_full_result_count = False


@admin.register(TreasuryAccount)
class TreasuryAdmin(ReadOnlyAdmin):
    list_display = ("asset", "amount")
    sortable_by = ("asset",)


def _may_decide(request: HttpRequest) -> bool:
    return request.user.has_perm("governance.change_proposal")


def _decide(request: HttpRequest, proposal_id: str, asked: dict[str, Any]) -> None:
    by: dict[str, Any] = {
        "actor": request.user,
        "address": request.address,  # type: ignore[attr-defined]
        "now": timezone.now(),
    }
    if asked["act"] == DecisionForm.VETO:
        proposals.veto(proposal_id, asked["reason"], **by)
    else:
        proposals.co_sign(proposal_id, **by)
