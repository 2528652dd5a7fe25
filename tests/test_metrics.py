"""`GET /metrics`: the health page's numbers, in a format that monitoring reads."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from dualis.models import EngineStep
from realtime import journal
from realtime.consumers import presence

pytestmark = pytest.mark.django_db(transaction=True)
LINE = re.compile(r'[a-z_]+(\{[a-z]+="[a-z0-9]+"\})? -?[0-9.e+-]+')


def scraped():
    """Return the samples of one answer by name and labels."""
    answer = Client().get("/metrics")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/plain")
    text = answer.content.decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert text.endswith("\n") and all(LINE.fullmatch(line) for line in lines)
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_the_numbers_are_those_of_the_health_page(monkeypatch):
    monkeypatch.setitem(presence.closes, 4004, 3)
    ticked = timezone.now() - timedelta(seconds=3)
    EngineStep.objects.create(name="oracle.tick", interval_seconds=1, ran_at=ticked)
    found = scraped()
    assert found['dualis_closes_total{code="4004"}'] == 3
    assert found["dualis_sockets"] == presence.sockets
    assert found["dualis_journal_seq"] == journal.position().seq
    assert 3 <= found["dualis_tick_age_seconds"] < 60
    assert found['dualis_up{dependency="engine"}'] == 1


def test_what_is_down_is_told_with_200():
    found = scraped()
    assert found['dualis_up{dependency="engine"}'] == 0
    assert found['dualis_up{dependency="database"}'] == 1
    assert "dualis_tick_age_seconds" not in found
