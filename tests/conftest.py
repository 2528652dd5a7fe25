"""What every test has: a fast hasher, no static files, no rate-limit counts of another test."""

from collections.abc import Iterator
from typing import Any

import pytest

from realtime import limits


@pytest.fixture(autouse=True)
def fast_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def no_static_files(settings: Any) -> None:
    """Let WhiteNoise look when asked, for no test has collected static files."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    limits.reset()
    yield
    limits.reset()
