"""`manage.py seed_demo`: prices and their past, pools, DUAL, logins; in development alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dualis import engine
from dualis.accounts import demo
from dualis.lending.demo import make_demo_market
from dualis.lending.participants import SWING
from dualis.oracle import backfill, walk
from dualis.trading.demo import make_demo_ledger
from governance.demo import make_demo_governance

_REHEARSED = timedelta(minutes=6)  # at least: from a turn of the tide until it liquidates


class Command(BaseCommand):
    help = "Make the demo market. Running it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("the demo market is made in development only")
        begin = _tide_turned(_clock() - _REHEARSED)
        demo.make_demo_users(begin)
        self.stdout.write("Making the demo market ...")
        backfill.backfill(begin, is_demo=True)
        is_new = make_demo_market(begin)
        make_demo_governance(begin)
        make_demo_ledger(begin)
        if is_new:
            engine.rehearse(begin, _clock)


def _clock() -> datetime:
    return datetime.now(UTC)


def _tide_turned(before: datetime) -> datetime:
    """Return when the swinging asset was last high or low: its breaker takes it up from there."""
    return datetime.fromtimestamp(walk.turn_before(SWING, int(before.timestamp())), UTC)
