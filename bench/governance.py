"""Proposals among 100,000 holders of DUAL, and votes per second, on PostgreSQL."""

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from bench.table import Row, percentile
from tests.process import ROOT, Site
from tests.servers import postgres

HOLDERS = 100_000
PROPOSALS = 20
VOTES = 1_000
HTTP_VOTES = 600
CLIENTS = 4

_SCRIPT = f"""
import json, time
from datetime import timedelta
from decimal import Decimal
from django.db import transaction
from django.utils import timezone
from dualis.accounts import ledger, sessions, tokens, wallets
from dualis.accounts.devices import Device
from dualis.accounts.models import SessionKind, User
from dualis.accounts.votes_models import VoteCheckpoint, VotingPower
from governance import proposals, voting
from governance.lifecycle import ProposalType
from governance.models import Proposal
from governance.tally import Direction

now = timezone.now()
long_ago = now - timedelta(days=30)
people = [User(email=f"holder-{{n}}@example.com", password="!") for n in range({HOLDERS})]
User.objects.bulk_create(people, batch_size=5_000)
rows = dict(liquid=Decimal(1000), changed_at=long_ago)
VotingPower.objects.bulk_create(
    [VotingPower(user=user, **rows) for user in people], batch_size=5_000
)
VoteCheckpoint.objects.bulk_create(
    [VoteCheckpoint(user=user, at=long_ago, power=Decimal(1000)) for user in people],
    batch_size=5_000,
)

def dual(user):
    with transaction.atomic():
        wallet = wallets.lock([(user.id, "DUAL")])[user.id, "DUAL"]
        legs = [wallets.move(wallet, Decimal(1000)), ledger.Leg("outside", "DUAL", -Decimal(1000))]
        wallets.save(wallet, now=long_ago)
        ledger.post("deposit", legs, now=long_ago)

def propose(user, at):
    data = {{"poolId": "usdc-main", "parameter": "kink", "proposedValue": "0.83",
            "rationale": "A change for the benchmark."}}
    return proposals.create(user.id, ProposalType.PARAMETER_CHANGE, data, now=at,
                            title="A change for the benchmark", description="x" * 2_000)

creating = []
for number, user in enumerate(people[:{PROPOSALS}]):
    dual(user)
    started = time.perf_counter()
    made = propose(user, now)
    creating.append(1000 * (time.perf_counter() - started))
    if number < {PROPOSALS} - 1:  # makes room for the next
        proposals.cancel(user.id, made.id, now=now)

started, busy = time.perf_counter(), time.process_time()
for user in people[1_000:1_000 + {VOTES}]:
    voting.cast_vote(user.id, made.id, Direction.FOR, now=now)
voting_seconds = time.perf_counter() - started
busy = 1000 * (time.process_time() - busy) / {VOTES}

keys = []
for user in people[5_000:5_000 + {HTTP_VOTES}]:
    with transaction.atomic():
        session = sessions.open_session(
            user, Device(address="127.0.0.1", user_agent="bench"), kind=SessionKind.API, now=now
        )
    keys.append(tokens.mint_access(session, now=now))
found = dict(creating=creating, votes={VOTES} / voting_seconds, busy=busy, keys=keys, id=made.id)
print("RESULT" + json.dumps(found))
"""


def run() -> list[Row]:
    with postgres() as url, tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), DATABASE_URL=url, LOG_LEVEL="WARNING", GOVERNANCE_TIME_SCALE="1")
        site.seed()
        found = _measured(site)
        served = _over_http(site, found)
    creating = found["creating"]
    return [
        Row(
            "a proposal among 100,000 holders, median",
            f"{median(creating):.1f} ms",
            "200 ms",
            f"{PROPOSALS} proposals on PostgreSQL",
        ),
        Row(
            "a proposal among 100,000 holders, p99",
            f"{percentile(creating, 0.99):.1f} ms",
            "200 ms",
            "",
        ),
        Row(
            "votes by the service",
            f"{found['votes']:.0f}/s",
            "200/s",
            f"{VOTES} voters, one after the other, one process",
        ),
        Row(
            "a vote by the service, CPU of Python",
            f"{found['busy']:.1f} ms",
            "",
            "the database's own comes on top",
        ),
        Row(
            "votes over HTTP",
            f"{served:.0f}/s",
            "200/s",
            f"{HTTP_VOTES} voters, {CLIENTS} connections, one process and its engine",
        ),
    ]


def _measured(site: Site) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", _SCRIPT],
        cwd=ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.split("RESULT")[1])
    return found


def _over_http(site: Site, found: dict[str, Any]) -> float:
    """Return votes per second of a served site."""
    site.start("manage.py", "serve", "--engine")
    address = f"{site.url}/v1/governance/proposals/{found['id']}/vote"
    parts = [found["keys"][number::CLIENTS] for number in range(CLIENTS)]

    def post(keys: list[str]) -> None:
        with httpx.Client() as client:
            for key in keys:
                answer = client.post(
                    address,
                    json={"direction": "FOR"},
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=30,
                )
                assert answer.status_code == 201, answer.text

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(post, parts))
    spent = time.perf_counter() - started
    site.end()
    return HTTP_VOTES / spent
