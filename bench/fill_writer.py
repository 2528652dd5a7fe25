"""A process that books fills as a poller does: `python -m bench.fill_writer USERS EACH SECONDS`.

It opens the accounts, prints "ready", and on a line of input lets each trade once: so many accounts
a transaction, evenly over the seconds, while the marks move once a second. It prints one JSON line:
when each fill was committed, by its trade id (epoch seconds), and how long it took in all.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")

import django

django.setup()

from channels.db import database_sync_to_async  # noqa: E402
from django.db import transaction  # noqa: E402

from dualis.bulk import save_all  # noqa: E402
from dualis.trading import fills, state  # noqa: E402
from dualis.trading.desk import lock_books, open_desk  # noqa: E402
from dualis.trading.models import MarginAccount, milliseconds  # noqa: E402
from dualis.trading.orderbook import Side  # noqa: E402
from dualis.trading.venues import VenueFill  # noqa: E402
from realtime import hub  # noqa: E402
from tests.trading_world import marked  # noqa: E402

FIRST_TID = 10**15


def address(number: int) -> str:
    return f"0x{number + 1:040x}"


@transaction.atomic
def _open(users: int) -> None:
    now = datetime.now(UTC)
    marked()
    names = [address(number) for number in range(users)]
    save_all([MarginAccount(name=name, opened_at=now) for name in names], is_new=True)
    desk = open_desk(names, now)
    for name in names:
        desk.post(state.DEPOSIT, name, {"asset": "USDC", "amount": "10000", "memo": "bench"})
    desk.save()


def _book(numbers: range, committed: dict[int, float]) -> None:
    now = datetime.now(UTC)
    with transaction.atomic():
        transaction.on_commit(lambda: committed.update(dict.fromkeys(tids, time.time())))
        lock_books(["ETH"])
        names = [address(number) for number in numbers]
        desk = open_desk({*names, state.VENUE, state.FEES}, now)
        tids = [FIRST_TID + number for number in numbers]
        for name, tid in zip(names, tids, strict=True):
            told = VenueFill(
                tid,
                tid,
                "ETH",
                Side.BUY,
                Decimal(2000),
                Decimal("0.1"),
                Decimal("0.1"),
                milliseconds(now),
                True,
            )
            fills.book_external(desk, name, told)
        desk.save()


async def _run(users: int, each: int, seconds: float) -> None:
    await hub.current().start(is_listening=False)
    run = database_sync_to_async
    await run(_open)(users)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    committed: dict[int, float] = {}
    started, marks = time.monotonic(), 0
    for begin in range(0, users, each):
        passed = time.monotonic() - started
        if passed >= marks:
            marks += 1
            await run(marked)(ETH=2000 + marks)
        await asyncio.sleep(max(0.0, begin / users * seconds - passed))
        await run(_book)(range(begin, min(begin + each, users)), committed)
    spent = time.monotonic() - started
    await asyncio.sleep(1.0)  # for what is still to be published
    await hub.current().stop()
    print(json.dumps({"committed": committed, "seconds": spent}))


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
