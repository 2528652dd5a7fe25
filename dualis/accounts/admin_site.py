"""The admin's door: staff sign in, out and change passwords on our pages, so that every visit is a
session of ours that can be listed, ended and audited."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache


class StaffSite(AdminSite):
    """The admin site with our own log-in."""

    site_header = "Dualis"
    site_title = "Dualis"

    def get_urls(self) -> list[Any]:
        """Add the page of live operations."""
        from realtime import operations  # models are not loaded before this runs

        return [*operations.urls(self), *super().get_urls()]

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Send staff to where they wanted to go and everybody else to our log-in."""
        from dualis.accounts.browser import next_address  # models are not loaded before this runs

        address = next_address(request, reverse("admin:index", current_app=self.name))
        if self.has_permission(request):
            return HttpResponseRedirect(address)
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': address})}")

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """End the session of the browser, as everywhere."""
        from dualis.accounts.browser import logout_view

        return logout_view(request)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Leave it to the page that ends the other sessions too."""
        return HttpResponseRedirect(reverse("password"))
