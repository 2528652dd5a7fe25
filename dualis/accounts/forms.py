"""The forms of the account pages. Shapes only; rules of the domain are the services'."""

from django import forms

from dualis.accounts.passwords import MAX_LENGTH


def _password(label: str, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MAX_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


class LoginForm(forms.Form):
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = _password("Password", "current-password")


class PasswordForm(forms.Form):
    current = _password("Current password", "current-password")
    new = _password("New password", "new-password")


class ResetForm(forms.Form):
    token = forms.CharField(max_length=2048, widget=forms.HiddenInput)
    new = _password("New password", "new-password")


class VerifyForm(forms.Form):
    token = forms.CharField(max_length=2048, widget=forms.HiddenInput)
