"""What the default market takes of a disk: what pruning leaves standing, and what a day adds.

The engine's own steps run for some minutes of a simulated clock, and recording alone for a day
more of it; then bytes a row x rows a day x days kept, table by table, indexes included. Dead rows
of tables that are only updated, and the write-ahead log, are not counted.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.table import Row
from tests.process import ROOT, Site
from tests.servers import postgres

MINUTES = 8
DAY = 86_400
MB = 1024 * 1024

_SCRIPT = f"""
import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from django.db import connection, transaction
from dualis import engine
from dualis.lending import history

def grown():
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT s.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_schema s"
                " ON s.name = d.name GROUP BY s.tbl_name"
            )
        else:
            cursor.execute(
                "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"
            )
        sizes = dict(cursor.fetchall())
        rows = {{}}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{{table}}"')
            rows[table] = cursor.fetchone()[0]
    return {{table: (count, int(sizes.get(table, 0))) for table, count in rows.items()}}

started = datetime.now(UTC)
before = grown()
steps = [step for step in engine.market_steps() if "prune" not in step.name]
for second in range({60 * MINUTES}):
    now = started + timedelta(seconds=second)
    for step in steps:
        if second % step.seconds == 0:
            with transaction.atomic() if step.is_atomic else nullcontext():
                step.run(now)
after = grown()
for number in range(288):
    history.record(now + timedelta(minutes=5 * number))
print("RESULT" + json.dumps([before, after, grown()]))
"""

_Sizes = dict[str, tuple[int, int]]  # table -> rows, bytes

# Days that a row is kept (rulings, 35). The default market tells nobody anything: its journal is
# state alone. Of bars and points one a day stays for ever: next to nothing.
_DAYS_KEPT = {
    "realtime_event": 1 / 24,
    "oracle_pricetick": 1.0,
    "oracle_pricebar": 30.0,
    "lending_poolpoint": 90.0,
    "lending_marketpoint": 90.0,
}
_POINTS = ("lending_poolpoint", "lending_marketpoint")


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        rows = _measure(Site(Path(folder), LOG_LEVEL="ERROR"), "SQLite")
    with postgres() as url, tempfile.TemporaryDirectory() as folder:
        return rows + _measure(
            Site(Path(folder), DATABASE_URL=url, LOG_LEVEL="ERROR"), "PostgreSQL"
        )


def _measure(site: Site, database: str) -> list[Row]:
    site.seed()
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", _SCRIPT],
        cwd=ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    before, after, recorded = json.loads(done.stdout.split("RESULT")[1])
    growth = _a_day(before, after, 60 * MINUTES)
    points = _a_day(after, recorded, DAY)
    growth |= {table: points[table] for table in _POINTS}
    pruned = {table: growth[table] * days for table, days in _DAYS_KEPT.items()}
    kept = {table: size for table, size in growth.items() if table not in _DAYS_KEPT}
    ways = f"{MINUTES} simulated minutes extrapolated"
    return [
        Row(f"pruned tables in the end, {database}", _text(sum(pruned.values())), "", ways),
        *_parts(pruned, {table: _kept(days) for table, days in _DAYS_KEPT.items()}),
        Row(f"growth a day for ever, {database}", _text(sum(kept.values())), "", ways),
        *_parts(kept, dict.fromkeys(kept, "an act of a demo participant every 4 s")),
    ]


def _a_day(before: _Sizes, after: _Sizes, seconds: int) -> dict[str, float]:
    """Return the bytes a day of every table that got rows."""
    return {
        table: (after[table][1] - before[table][1]) * DAY / seconds
        for table in after
        if after[table][0] > before[table][0]
    }


def _parts(sizes: dict[str, float], how: dict[str, str]) -> list[Row]:
    ordered = sorted(sizes.items(), key=lambda item: -item[1])
    seen = [(table, size) for table, size in ordered if size >= MB / 10]
    return [Row(f"  {table}", _text(size), "", how[table]) for table, size in seen]


def _kept(days: float) -> str:
    return f"kept {days:.0f} d" if days >= 1 else f"kept {24 * days:.0f} h"


def _text(size: float) -> str:
    return f"{size / MB:.1f} MB"
