"""`manage.py quickstart`, what `make run` runs: database, demo market, all in one process."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

BANNER = """
  Dualis is on http://localhost:{port}
  WebSocket    ws://localhost:{port}/v1/ws (Dualis), ws://localhost:{port} (Notional)
  Admin        http://localhost:{port}/admin/

  Demo logins  demo@dualis.finance   Demo1234!   (also supplier@, trader@, institutional@)
               admin@dualis.finance  Admin1234!  (staff)

  Embedded     {database}, {layer}, the market's engine
  Prices       {prices}

  Ctrl-C stops it; what was acknowledged is kept and the next start goes on from there.
"""


class Command(BaseCommand):
    help = "Migrate, seed the demo market and serve it, engine included."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("quickstart is for development; see the README for production")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("seed_demo")
        is_sqlite = connection.vendor == "sqlite"
        source = settings.PRICE_SOURCE
        self.stdout.write(
            BANNER.format(
                port=settings.PORT,
                database=f"SQLite in {settings.DATA_DIR}"
                if is_sqlite
                else "no database: PostgreSQL",
                layer="no broker: Redis" if settings.REDIS_URL else "an in-process channel layer",
                prices="simulated (and said so wherever they are shown)"
                if source == "simulated"
                else source,
            )
        )
        self.stdout.flush()
        call_command("serve", engine=True)
