"""Public ids: a prefix and random base-36 digits. Knows nothing of what they name."""

import secrets

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def public_id(prefix: str, length: int = 12) -> str:
    """Return `prefix_` and `length` random base-36 digits (12 digits are 62 bits)."""
    rest, digits = secrets.randbelow(36**length), []
    for _ in range(length):  # one draw and a division a digit: a quarter of a draw a digit
        rest, digit = divmod(rest, 36)
        digits.append(_DIGITS[digit])
    return f"{prefix}_{''.join(digits)}"
