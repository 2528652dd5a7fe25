"""`manage.py trade`: signs an order with a demo wallet and sends it to a running server."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dualis.trading import demo, signing
from dualis.trading.markets import MARKETS
from dualis.trading.models import milliseconds


class Command(BaseCommand):
    help = "Place an order with a demo login's wallet, as a program would: signed, over HTTP."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("side", choices=["buy", "sell"])
        parser.add_argument("size")
        parser.add_argument("coin", choices=sorted(MARKETS))
        parser.add_argument("--price", default="0", help="a limit; without one a market order")
        parser.add_argument("--login", default="demo@dualis.finance", choices=sorted(demo.LOGINS))
        parser.add_argument("--url", default=f"http://127.0.0.1:{settings.PORT}")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("demo wallets are for development")
        order = {
            "a": MARKETS[options["coin"]].asset_id,
            "b": options["side"] == "buy",
            "p": options["price"],
            "s": options["size"],
            "t": {"limit": {"tif": "Gtc"}},
        }
        action = {"type": "order", "orders": [order], "grouping": "na"}
        nonce = milliseconds(datetime.now(UTC))
        key = demo.key_of(options["login"])
        signature = signing.sign(signing.action_message(action, nonce), key)
        body = {"action": action, "nonce": nonce, "signature": signature}
        self.stdout.write(f"Account {demo.address_of(options['login'])}")
        try:
            answer = httpx.post(f"{options['url']}/exchange", json=body, timeout=10)
        except httpx.HTTPError as error:
            raise CommandError(f"no answer from {options['url']}: {error}") from error
        self.stdout.write(json.dumps(answer.json(), indent=2))
        if answer.status_code != 200:
            raise CommandError(f"HTTP {answer.status_code}")
