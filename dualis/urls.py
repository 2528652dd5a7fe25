"""Which address is served by whom."""

from django.contrib import admin
from django.urls import include, path

from dualis.accounts import browser

urlpatterns = [
    path("v1/auth/", include("dualis.accounts.urls")),
    path("login", browser.login_view, name="login"),
    path("logout", browser.logout_view, name="logout"),
    path("password", browser.password_view, name="password"),
    path("reset-password", browser.reset_password_view, name="reset-password"),
    path("verify-email", browser.verify_email_view, name="verify-email"),
    path("admin/", admin.site.urls),
]
