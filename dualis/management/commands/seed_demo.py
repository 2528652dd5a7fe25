"""`manage.py seed_demo`: prices with their past, pools, demo logins; in development alone."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dualis.accounts import demo
from dualis.lending.demo import make_demo_market
from dualis.oracle import backfill
from dualis.trading.demo import make_demo_ledger


class Command(BaseCommand):
    help = "Make the demo market. Running it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("the demo market is made in development only")
        now = datetime.now(UTC)
        demo.make_demo_users(now)
        self.stdout.write("Making the demo market ...")
        backfill.backfill(now)
        make_demo_market(now)
        make_demo_ledger(now)
