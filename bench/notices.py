"""Many notices at once: 10,000 different ones in one transaction, and a batch of a broadcast."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.table import Row
from tests.process import ROOT, Site
from tests.servers import postgres

NOTICES = 10_000

_SCRIPT = f"""
import json, time
from datetime import UTC, datetime, timedelta
from statistics import median
from dualis.accounts.models import User
from dualis.notifications import broadcasts, notices
from dualis.notifications.models import Delivery, Notification
from realtime import journal
now = datetime.now(UTC)
User.objects.bulk_create(
    User(email=f"n{{n}}@example.com", password="!", email_verified_at=now, created_at=now)
    for n in range({NOTICES})
)
told = [
    notices.Notice(
        user_id, "HEALTH_FACTOR_DANGER", "Health factor", "It fell to 1.1.",
        data={{"positionId": f"brw_{{n}}", "healthFactor": 1.1}}, link="/borrow",
        dedup_key=f"HEALTH_FACTOR_DANGER:brw_{{n}}",
    )
    for n, user_id in enumerate(User.objects.values_list("id", flat=True))
]
before, result = journal.position().seq, {{}}
for name, later in (("first", 0), ("again", 3), ("repeated", 3)):
    started = time.perf_counter()
    stored = notices.notify_each(told, now=now + timedelta(hours=later))
    result[name] = time.perf_counter() - started
    assert len(stored) == (0 if name == "repeated" else {NOTICES}), len(stored)
assert Delivery.objects.count() == Notification.objects.count() == 2 * {NOTICES}
result["events"] = journal.position().seq - before
notices.broadcast("PROTOCOL_PAUSED", title="Paused", message="All.", now=now)
spent = []
while True:
    started = time.perf_counter()
    if broadcasts.step(now + timedelta(days=1)) < broadcasts.BATCH:
        break
    spent.append(1000 * (time.perf_counter() - started))
result["batch"] = median(spent)
print("RESULT" + json.dumps(result))
"""


def run() -> list[Row]:
    with postgres() as url, tempfile.TemporaryDirectory() as folder:
        rows = _measure(Site(Path(folder), DATABASE_URL=url, LOG_LEVEL="WARNING"), "PostgreSQL")
    with tempfile.TemporaryDirectory() as folder:
        return [*rows, *_measure(Site(Path(folder), LOG_LEVEL="WARNING"), "SQLite")]


def _measure(site: Site, database: str) -> list[Row]:
    site.manage("migrate", "-v0")
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", _SCRIPT],
        cwd=ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.split("RESULT")[1])
    name, goal = f"{NOTICES:,} notices on {database}", "5 s" if database == "PostgreSQL" else ""
    how = f"stored, counted, queued as mail; {found['events']:,} events in all"
    return [
        Row(f"{name}, first", f"{found['first']:.2f} s", goal, how),
        Row(f"{name}, later", f"{found['again']:.2f} s", goal, "the same users again"),
        Row(f"{name}, repeated", f"{found['repeated']:.2f} s", "", "all inside the dedup window"),
        Row(f"broadcast on {database}", f"{found['batch']:.0f} ms", "", "median batch of 100"),
    ]
