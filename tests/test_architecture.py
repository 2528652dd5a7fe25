"""Imports go one way: pure -> models -> services -> plumbing -> edges -> compose (README)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("dualis", "realtime", "governance")

PURE = {
    "dualis.exact",
    "dualis.addresses",
    "dualis.accounts.statement_csv",
    "dualis.identifiers",
    "dualis.timestamps",
    "dualis.lending.auction",
    "dualis.lending.bookkeeping",
    "dualis.lending.books",
    "dualis.lending.exposure",
    "dualis.lending.grace",
    "dualis.lending.health_levels",
    "dualis.lending.health_score",
    "dualis.lending.protection",
    "dualis.lending.rates",
    "dualis.lending.resale",
    "dualis.lending.risk",
    "dualis.lending.screening",
    "dualis.lending.settlement",
    "dualis.lending.terms",
    "dualis.notifications.choices",
    "dualis.notifications.egress",
    "dualis.notifications.kinds",
    "dualis.notifications.memory",
    "dualis.notifications.outcome",
    "dualis.notifications.rules",
    "dualis.oracle.aggregate",
    "dualis.oracle.breaker",
    "dualis.oracle.replay",
    "dualis.oracle.valuation",
    "dualis.oracle.walk",
    "dualis.oracle.windows",
    "dualis.trading.actions",
    "dualis.trading.bankruptcy",
    "dualis.trading.carrying",
    "dualis.trading.chain",
    "dualis.trading.charges",
    "dualis.trading.ladder",
    "dualis.trading.margin",
    "dualis.trading.markets",
    "dualis.trading.orderbook",
    "dualis.trading.positions",
    "dualis.trading.order_rules",
    "dualis.trading.portfolio_figures",
    "dualis.trading.queries",
    "dualis.trading.state",
    "dualis.trading.statuses",
    "dualis.trading.summary",
    "dualis.trading.twap_fold",
    "dualis.trading.twap_schedule",
    "governance.lifecycle",
    "governance.payloads",
    "governance.rewards",
    "governance.tally",
    "realtime.asyncapi",
    "realtime.bucket",
    "realtime.dualis_frames",
    "realtime.dualis_protocol",
    "realtime.dualis_samples",
    "realtime.examples",
    "realtime.frames",
    "realtime.mailbox",
    "realtime.messages",
    "realtime.notional_frames",
    "realtime.notional_protocol",
    "realtime.notional_samples",
    "realtime.rows",
    "realtime.shares",
    "realtime.topics",
}
# `errors` is pure text; it stands with the models because refusals are part of them.
# What a row shows is part of the row: `figures` and the `view` it is shown with.
MODELS = {
    "dualis.accounts.money",
    "dualis.amounts",
    "dualis.accounts.votes_models",
    "dualis.bulk",
    "dualis.errors",
    "dualis.fields",
    "dualis.lending.alert_models",
    "dualis.lending.figures",
    "dualis.lending.liquidation_models",
    "dualis.lending.points",
    "dualis.lending.resale_models",
    "dualis.lending.protection_models",
    "dualis.lending.view",
    "dualis.lookups",
    "dualis.notifications.door_models",
    "dualis.published",
    "dualis.trading.marks",
    "dualis.trading.order_models",
    "dualis.trips",
    "dualis.trading.portfolio_models",
    "dualis.trading.twap_models",
    "dualis.writes",
    "governance.figures",
    "governance.proposal_models",
    "governance.staking_models",
}
PLUMBING = {
    "batches",
    "connection",
    "handshake",
    "hub",
    "inbox",
    "joins",
    "journal",
    "live",
    "live_summaries",
    "limits",
    "places",
    "presence",
    "readers",
    "signals",
    "snapshots",
    "tasks",
    "timers",
    "transport",
    "views",
}
EDGE_NAMES = {
    "door",
    "metrics",
    "admin",
    "admin_site",
    "analytics_api",
    "answers",
    "api",
    "apps",
    "authentication",
    "backends",
    "browser",
    "consumers",
    "doors_api",
    "delegation_api",
    "engine",
    "exposure_api",
    "forms",
    "handler",
    "health",
    "history_api",
    "leadership",
    "liquidation_admin",
    "liquidation_api",
    "middleware",
    "money_admin",
    "money_api",
    "notional_consumer",
    "openapi",
    "operations",
    "pages",
    "parsing",
    "paging",
    "pools_api",
    "positions_api",
    "protection_admin",
    "protection_api",
    "reference",
    "summaries",
    "view_reading",
    "permissions",
    "resale_api",
    "proposals_admin",
    "serializers",
    "server",
    "shell",
    "session_api",
    "staking_admin",
    "staking_api",
    "votes_admin",
    "processes",
    "workers",
}
COMPOSE = {"settings", "urls", "money_urls", "asgi", "routing"}
LEVELS = ("pure", "models", "services", "plumbing", "edges", "compose")
PURE_LIBRARIES = {"msgspec", "numpy"}
FRAMEWORKS = ("django", "rest_framework", "channels", "redis", "uvicorn", "psycopg", "httpx")


def modules():
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if "migrations" not in path.parts and path.name != "__init__.py":
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


def level(name):
    parts = name.split(".")
    last = parts[-1]
    if name in PURE:
        return "pure"
    if name in MODELS or last == "models":
        return "models"
    if last in COMPOSE:
        return "compose"
    if "commands" in parts or name == "dualis.permissions":
        return "edges"
    if parts[0] == "realtime" and last in PLUMBING:
        return "plumbing"
    if last in EDGE_NAMES and name != "dualis.oracle.health":
        return "edges"
    return "services"


def imports(path):
    """Return every module named by an import of a file, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


KNOWN = dict(modules())


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_module_imports_only_what_stands_below_it(name):
    own = level(name)
    for imported in imports(KNOWN[name]):
        if imported in KNOWN:
            other = level(imported)
            assert LEVELS.index(other) <= LEVELS.index(own), f"{name} -> {imported}"


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_knows_no_framework_and_reads_no_clock(name):
    text = KNOWN[name].read_text()
    for imported in imports(KNOWN[name]):
        assert not imported.startswith(FRAMEWORKS), f"{name} imports {imported}"
    for clock in ("time.time(", "datetime.now(", "timezone.now(", "monotonic("):
        assert clock not in text, f"{name} reads a clock"


def test_nothing_below_the_edges_of_dualis_imports_realtime():
    for name, path in KNOWN.items():
        if name.startswith("dualis.") and level(name) in ("pure", "models", "services"):
            assert not [i for i in imports(path) if i.startswith("realtime")], name


def test_receivers_stand_in_one_file_alone():
    for name, path in KNOWN.items():
        if name != "realtime.signals":
            text = path.read_text()
            assert "@receiver" not in text and "post_save" not in text, name


def test_only_the_hub_sends_to_groups():
    for name, path in KNOWN.items():
        if name not in ("realtime.hub", "realtime.health"):
            assert "group_send" not in path.read_text(), name
