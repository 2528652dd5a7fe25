"""People who act over HTTP: at random, or writing down what they asked and what they were told."""

import csv
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import httpx

from tests.process import SECONDS, Site

POOLS = {"usdc-main": "USDC", "eth-main": "ETH", "wbtc-main": "wBTC"}
MOST = {"USDC": 3_000, "ETH": 3, "wBTC": 1}  # of one act, in units
# with 503: what is refused for a while, as the catalogue says
REFUSALS = {"ORACLE_STALE", "GRACE_PERIOD", "PROTOCOL_PAUSED", "AUCTION_PAUSED"}
ACTS = ("supply", "withdraw", "open", "borrow", "repay", "add", "remove", "close", "bid")


@dataclass(slots=True)
class Asked:
    """A request, and its answer if there was one."""

    kind: str
    path: str
    key: str
    body: dict[str, Any]
    answer: httpx.Response | None = None


class Person:
    """One user with a connection of his own."""

    def __init__(self, site: Site, user_id: str, token: str, seed: int) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=f"{site.url}/v1", headers=headers, timeout=SECONDS)
        self.user_id = user_id
        self.draw = Random(seed)
        self.answers: Counter[tuple[str, int, str]] = Counter()  # act, status, code
        self.asked: list[Asked] = []

    def get(self, path: str, **params: str) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def positions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/borrow/positions")
        return found

    # --- at random ----------------------------------------------------------------------------
    def live(self, stop: threading.Event) -> None:
        """Act until told to stop; refusals are normal, and counted."""
        while not stop.is_set():
            act = self.draw.choice([*ACTS, "bid", "bid"])  # lots are rare, and soon gone
            if (request := self.drawn(act)) is not None:
                path, body = request
                self.count(act, self.http.post(path, json=body))

    def count(self, act: str, answer: httpx.Response) -> None:
        self.answers[act, answer.status_code, code(answer)] += 1

    def drawn(self, act: str) -> tuple[str, dict[str, Any]] | None:
        """Return address and body of such an act; None if there is nothing to act on."""
        draw = self.draw
        if act in ("supply", "withdraw"):
            pool_id = draw.choice(list(POOLS))
            return f"/pools/{pool_id}/{act}", {"amount": self.amount(POOLS[pool_id])}
        if act == "open":
            pool_id = draw.choice(["usdc-main", "usdc-main", "eth-main"])
            held = draw.choice(["ETH", "wBTC"] if pool_id == "usdc-main" else ["wBTC", "USDC"])
            return "/borrow/request", {
                "lendingPoolId": pool_id,
                "borrowAmount": draw.choice(["max", self.amount(POOLS[pool_id])]),
                "collateralAssets": [{"symbol": held, "amount": self.amount(held)}],
                "source": draw.choice(["wallet", "wallet", "supply"]),
            }
        if act == "bid":
            lots = self.get("/liquidations", status="open")
            if not lots:
                return None
            amount = draw.choice(["max", self.amount("USDC")])
            return f"/liquidations/{draw.choice(lots)['auctionId']}/bid", {"amount": amount}
        own = self.positions()
        if not own:
            return None
        position = draw.choice(own)
        path = f"/borrow/positions/{position['positionId']}"
        if act in ("borrow", "repay"):
            return f"{path}/{act}", {"amount": self.amount(position["asset"])}
        if act == "close":
            return f"{path}/close", {}
        held = draw.choice(position["collateral"])["symbol"] if position["collateral"] else "ETH"
        body = {"asset": {"symbol": held, "amount": self.amount(held)}}
        if act == "add":
            return f"{path}/add-collateral", body | {"source": draw.choice(["wallet", "supply"])}
        return f"{path}/remove-collateral", body

    def amount(self, asset: str) -> str:
        if self.draw.random() < 0.1:
            return "max"
        return f"{self.draw.uniform(0.001, MOST[asset]):.6f}"

    # --- written down -------------------------------------------------------------------------
    def write(self, first: int, stop: threading.Event) -> None:
        """Supply, borrow and repay in turn until told to stop, or until no answer comes.

        On the smallest loan. Numbers begin with `first`; every amount is one of its own.
        """
        smallest = min(self.positions(), key=lambda row: Decimal(row["debt"]))
        loan = f"/borrow/positions/{smallest['positionId']}"
        paths = {"supply": "/pools/usdc-main/supply"}
        paths |= {kind: f"{loan}/{kind}" for kind in ("borrow", "repay")}
        for number in range(first, first + 100_000):
            if stop.is_set():
                return
            kind = list(paths)[number % 3]
            body = {"amount": format(100 + Decimal(number).scaleb(-6), "f")}
            asked = Asked(kind, paths[kind], f"{self.user_id}-{number}", body)
            self.asked.append(asked)
            try:
                answer = self.ask(asked)
            except httpx.TransportError:
                return
            self.count(kind, answer)
            if is_fault(answer):
                return
            asked.answer = answer

    def ask(self, asked: Asked) -> httpx.Response:
        headers = {"Idempotency-Key": asked.key}
        return self.http.post(asked.path, json=asked.body, headers=headers)

    def booked(self) -> Counter[tuple[str, str]]:
        """Return kind and amount of all that his statement says of his dollars in the wallet."""
        answer = self.http.get("/user/statement", params={"format": "csv", "asset": "USDC"})
        rows = csv.DictReader(answer.text.splitlines())
        return Counter(
            (row["type"], row["amount"].lstrip("-"))
            for row in rows
            if row["account"].startswith("wallet:")
        )


def code(answer: httpx.Response) -> str:
    """Return the code of a refusal, nothing of a success."""
    return str(answer.json()["error"]["code"]) if answer.status_code >= 400 else ""


def is_fault(answer: httpx.Response) -> bool:
    """Tell whether an answer says that the server could not do its work."""
    return answer.status_code >= 500 and code(answer) not in REFUSALS


def people_of(site: Site, tokens: dict[str, str]) -> Sequence[Person]:
    return [Person(site, *item, seed) for seed, item in enumerate(tokens.items())]
