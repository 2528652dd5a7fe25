"""Where the admin keeps a page: keys are quoted as its own links quote them."""

from uuid import UUID

from django.contrib.admin.utils import quote
from django.urls import reverse


def address(model: str, view: str = "changelist", *keys: int | str | UUID) -> str:
    """Return the path of `view` for `model` (`app_name`); an identifier's `_` goes as `_5F`."""
    return reverse(f"admin:{model}_{view}", args=[quote(key) for key in keys])
