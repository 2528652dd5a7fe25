"""Public ids: a prefix and random base-36 digits. Knows nothing of what they name."""

import secrets

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def public_id(prefix: str, length: int = 12) -> str:
    """Return `prefix_` and `length` random base-36 digits (12 digits are 62 bits)."""
    return f"{prefix}_{''.join(secrets.choice(_DIGITS) for _ in range(length))}"
