"""The pages of an account: sign in and out, change the password, follow the links of the letters.

Plain forms that need no JavaScript. A link in a letter shows a form first, so that a mail program
that fetches links uses nothing up.
"""

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from dualis import errors
from dualis.accounts import login, passwords, registration, users
from dualis.accounts.api import RESET_RATE, VERIFY_RATE
from dualis.accounts.devices import Device
from dualis.accounts.forms import LoginForm, PasswordForm, ResetForm, VerifyForm
from dualis.accounts.models import User
from realtime import limits

PAGE_RATE = "60/m"  # attempts of one address, whatever the e-mail


@sensitive_post_parameters("password")
@never_cache
def login_view(request: HttpRequest) -> HttpResponse:
    """Sign a browser in and go on to `next`, if that is an address of ours."""
    form = LoginForm(request.POST or None)

    def sign_in(data: dict[str, str]) -> None:
        device = Device.of(request)
        limits.hit(PAGE_RATE, "login-page", device.address)
        limits.hit(settings.LOGIN_RATE, "login", device.address, users.normal(data["email"]))
        login.login_browser(request, data["email"], data["password"], device, now=timezone.now())

    status = _submit(form, sign_in)
    if status is None:
        return HttpResponseRedirect(next_address(request, settings.LOGIN_REDIRECT_URL))
    context = {"form": form, "next": next_address(request, "")}
    return render(request, "login.html", context, status=status)


@require_POST
def logout_view(request: HttpRequest) -> HttpResponse:
    """End the browser's session."""
    login.logout_browser(request, now=timezone.now())
    return HttpResponseRedirect(settings.LOGIN_URL)


@sensitive_post_parameters("current", "new")
@never_cache
@login_required
def password_view(request: HttpRequest) -> HttpResponse:
    """Change the password; all other sessions end."""
    form = PasswordForm(request.POST or None)
    user = request.user
    assert isinstance(user, User), "login_required lets only users in"

    def change(data: dict[str, str]) -> None:
        device = Device.of(request)
        limits.hit(settings.LOGIN_RATE, "login", device.address, user.email)
        passwords.change_browser(
            request, user.id, data["current"], data["new"], device, now=timezone.now()
        )

    status = _submit(form, change)
    if status is None:
        return HttpResponseRedirect(settings.LOGIN_REDIRECT_URL)
    return _form_page(request, form, "Change password", status)


@sensitive_post_parameters("new", "token")
@never_cache
def reset_password_view(request: HttpRequest) -> HttpResponse:
    """Set a new password with the link of a letter."""
    form = ResetForm(request.POST or None, initial={"token": request.GET.get("token", "")})

    def reset(data: dict[str, str]) -> None:
        limits.hit(RESET_RATE, "reset-password", Device.of(request).address)
        passwords.reset(data["token"], data["new"], now=timezone.now())

    status = _submit(form, reset)
    if status is None:
        return HttpResponseRedirect(settings.LOGIN_URL)
    return _form_page(request, form, "Set a new password", status)


@never_cache
def verify_email_view(request: HttpRequest) -> HttpResponse:
    """Confirm an e-mail address with the link of a letter."""
    form = VerifyForm(request.POST or None, initial={"token": request.GET.get("token", "")})

    def verify(data: dict[str, str]) -> None:
        limits.hit(VERIFY_RATE, "verify-email", Device.of(request).address)
        registration.verify_email(data["token"], now=timezone.now())

    status = _submit(form, verify)
    if status is None:
        return HttpResponseRedirect(settings.LOGIN_REDIRECT_URL)
    return _form_page(request, form, "Confirm your e-mail address", status)


def next_address(request: HttpRequest, default: str) -> str:
    """Return the `next` of a request if it stays on this host, else the default."""
    address = request.POST.get("next", request.GET.get("next", ""))
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_ours else default


def _submit(form: forms.Form, serve: Callable[[dict[str, str]], object]) -> int | None:
    """Serve a valid form; return None when done, else the status of the page with its errors."""
    if not form.is_bound:
        return 200
    if not form.is_valid():
        return 400
    try:
        serve(form.cleaned_data)
    except errors.DomainError as error:
        form.add_error(None, error.message)
        return error.status
    return None


def _form_page(request: HttpRequest, form: forms.Form, title: str, status: int) -> HttpResponse:
    return render(request, "account_form.html", {"form": form, "title": title}, status=status)
