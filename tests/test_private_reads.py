"""What a private read costs: who asks, and three queries; rows of the market are shared."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from realtime import journal, readers, views
from tests import liquidation_market as lqm
from tests import world

pytestmark = pytest.mark.django_db(transaction=True)

READS = [
    "/v1/notifications",
    "/v1/notifications/unread-count",
    "/v1/supply/positions",
    "/v1/borrow/positions",
    "/v1/borrow/protections",
    "/v1/user/balances",
    "/v1/events?after=0",
]


def test_a_private_read_costs_the_look_at_its_session_and_three_queries(monkeypatch):
    monkeypatch.setattr(views, "KEEP_SECONDS", 60.0)
    lqm.opened()
    user = lqm.rich("rich")
    lqm.loan(user)
    world.notification(user)
    client = Client(headers={"Authorization": f"Bearer {world.token(user)}"})
    client.get("/v1/supply/positions")
    for path in READS:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200, path
        looks = [q["sql"] for q in seen if q["sql"].startswith("SELECT")]
        assert "accounts_session" in looks[0] and len(looks) <= 1 + 3, (path, looks)


def test_a_view_is_shared_until_the_journal_moves():
    lqm.opened()

    def look():
        with readers.read_only():
            return views.at(journal.position())

    first = look()
    assert look() is first
    lqm.reprice("ETH", "1234")
    later = look()
    assert later is not first and later.quotes["ETH"].price == 1234


def test_a_view_is_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr(views, "KEEP_SECONDS", 0.0)
    lqm.opened()
    place = journal.position()
    assert views.at(place) is not views.at(place)
