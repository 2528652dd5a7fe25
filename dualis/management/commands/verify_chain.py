"""`manage.py verify_chain`: replays the margin ledger and holds its rows against that."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dualis.trading import replay
from dualis.trading.state import BrokenChain
from realtime import readers


class Command(BaseCommand):
    help = "Fold all transactions anew; hashes, blocks, accounts and open orders must be the same."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with readers.read_only():
                found = replay.verify()
        except BrokenChain as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{found.transactions} transactions in {found.blocks} sealed blocks give exactly "
            f"{found.accounts} accounts and {found.orders} open orders."
        )
