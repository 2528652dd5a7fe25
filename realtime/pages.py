"""The pages of a signed-in browser. They hold nothing live: that comes over the socket."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dualis.oracle.models import Asset


@require_safe
@never_cache
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """Show every asset's price; the page is told the assets' names and nothing that moves."""
    names = dict(Asset.objects.values_list("symbol", "name"))
    return render(request, "overview.html", {"names": names})
