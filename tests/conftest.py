"""What every test has: a fast hasher, and nothing that another test left behind."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from channels.layers import channel_layers

from dualis.accounts.models import User
from dualis.lending.models import Market
from dualis.models import EngineTerm
from realtime import limits
from realtime.models import Head
from tests.process import seeded_folder


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of the seeded market, in the process that starts the others."""
    if not hasattr(config, "workerinput"):
        seeded_folder()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(seeded_folder(), ignore_errors=True)


pytest_plugins = ["tests.visits"]


@pytest.fixture(autouse=True)
def fast_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def real_clocks(settings: Any) -> None:
    """Governance as in production: a day takes a day."""
    settings.GOVERNANCE_TIME_SCALE = 1.0


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    limits.reset()
    yield
    limits.reset()


@pytest.fixture(autouse=True)
def rows_of_migrations(request: Any) -> None:
    """Put back the rows that migrations make and that a flush after a test removes."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None and "db" not in request.fixturenames:
        return
    is_transactional = marker is not None and marker.kwargs.get("transaction")
    request.getfixturevalue("transactional_db" if is_transactional else "db")
    Head.objects.get_or_create(id=1)
    EngineTerm.objects.get_or_create(id=1)
    Market.objects.get_or_create(id=1)


@pytest.fixture(autouse=True)
def fresh_layer() -> None:
    """Forget the in-process channel layer of the test before."""
    channel_layers.backends.clear()


@pytest.fixture
def actors(rows_of_migrations: None) -> None:
    """The accounts that tests of the oracle act as."""
    for name in ("usr_1", "usr_2", "usr_staff", "usr_secret"):
        User.objects.create_user(f"{name}@example.com", "Correct-Horse-7", id=name)
