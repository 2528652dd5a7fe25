"""Every HTTP address of the site."""

from django.contrib import admin
from django.urls import include, path, re_path

from dualis import api
from dualis.accounts import browser
from dualis.trading import api as trading_api
from realtime import health, metrics, pages, reference
from realtime.api import EventsView

urlpatterns = [
    *pages.routes(),
    path("login", browser.login_view, name="login"),
    path("logout", browser.logout_view, name="logout"),
    path("password", browser.password_view, name="password"),
    path("reset-password", browser.reset_password_view, name="reset-password"),
    path("verify-email", browser.verify_email_view, name="verify-email"),
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("v1/health", health.health),
    path("health", health.fills_health),
    path("v1/auth/", include("dualis.accounts.urls")),
    path("v1/user/", include("dualis.accounts.money_urls")),
    path("v1/oracle/", include("dualis.oracle.urls")),
    path("v1/", include("dualis.notifications.urls")),
    path("v1/", include("dualis.lending.urls")),
    path("v1/", include("governance.urls")),
    path("v1/", include("dualis.trading.urls")),
    path("info", trading_api.Info.as_view()),
    path("exchange", trading_api.Exchange.as_view()),
    path("v1/events", EventsView.as_view()),
    path("v1/openapi.json", reference.openapi_view, name="openapi"),
    path("v1/asyncapi.json", reference.asyncapi_view, name="asyncapi"),
    re_path(r"^v1/", api.not_found),
    path("admin/", admin.site.urls),
]
