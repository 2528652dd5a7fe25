"""Ticks of the oracle as fast as they go, in a process of its own as the engine is.

`python -m bench.ticks SECONDS` prints "ready" when it begins. Its commits reach the serving process
through the channel layer.
"""

import asyncio
import os
import sys
import time
from datetime import UTC, datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")

import django

django.setup()

from channels.db import database_sync_to_async  # noqa: E402

from dualis.oracle.market import Oracle  # noqa: E402
from realtime.hub import Hub  # noqa: E402


async def main(seconds: float) -> None:
    hub = Hub()
    await hub.start(is_listening=False)
    oracle = await database_sync_to_async(Oracle)()
    tick = database_sync_to_async(oracle.tick)
    now, until = datetime.now(UTC), time.monotonic() + seconds
    print("ready", flush=True)
    while time.monotonic() < until:
        now += timedelta(seconds=1)
        await tick(now)
    await hub.stop()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
