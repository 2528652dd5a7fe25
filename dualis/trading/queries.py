"""What the types of `POST /info` are asked with, and the words for what is missing. Pure."""

from collections.abc import Mapping
from typing import Any


class Missing(ValueError):
    """A parameter that is not there or names nothing; the text is the page's."""


def user_of(query: Mapping[str, Any], what: str = "") -> str:
    """Return the address a query is about, in lower case; Missing, `what` it was wanted for."""
    user = query.get("user")
    if not isinstance(user, str) or not user:
        raise Missing(f"Missing 'user' parameter{f' for {what}' if what else ''}")
    return user.lower()
