"""Calling a webhook: resolve its name, check every address, connect to a checked one, sign, post.

1. The name is resolved once a try, and the connection goes to an address that was checked: what
   DNS says a moment later changes nothing.
2. If one address of a name is not public, none is called.
3. Redirects are not followed, proxies not used, and of the answer only the status is read.
"""

import asyncio
import hmac
import json
import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha256

import httpx

from dualis.notifications import egress
from dualis.notifications.door_models import Delivery
from dualis.notifications.outcome import SWITCHED_OFF, Outcome

SECONDS = 10.0  # spec 8: for the whole call
MOST_ADDRESSES = 3  # tried one after the other while none accepts a connection

Resolve = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, in the order the system prefers. OSError, UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of X-Dualis-Signature: HMAC-SHA256 of `timestamp.body`."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()
    return f"sha256={digest}"


class Poster:
    """Calls webhooks; tests widen the policy and trust a certificate of theirs."""

    def __init__(
        self,
        policy: egress.Policy | None = None,
        resolve: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._policy = policy or egress.Policy()
        self._resolve = resolve
        self._trust = trust
        self._seconds = seconds

    def __call__(self, delivery: Delivery, now: datetime) -> Outcome:
        """Post a claimed delivery to its webhook, if that is still there and on."""
        webhook = delivery.webhook
        if webhook is None or not webhook.is_active or not delivery.user.is_active:
            return SWITCHED_OFF
        body = json.dumps({"delivery": delivery.id, "notification": delivery.payload}).encode()
        timestamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Dualis-Webhook/1",
            "X-Dualis-Delivery": delivery.id,
            "X-Dualis-Timestamp": timestamp,
            "X-Dualis-Signature": signature(webhook.secret, timestamp, body),
        }
        return self.post(webhook.url, headers, body)

    def post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """Post to a URL, if it and all its addresses may be reached."""
        try:
            target = egress.target(url, self._policy)
            addresses = self._resolve(target.host, target.port)
        except egress.BadTarget:
            return Outcome("refused_address")
        except (OSError, UnicodeError):
            return Outcome("no_such_host")
        if not addresses or not all(egress.is_public(a, self._policy) for a in addresses):
            return Outcome("refused_address")
        try:
            status = asyncio.run(self._call(target, addresses[:MOST_ADDRESSES], headers, body))
        except (TimeoutError, httpx.TimeoutException):
            return Outcome("timeout")
        except (httpx.HTTPError, OSError):
            return Outcome("no_connection")
        return Outcome("" if 200 <= status < 300 else "bad_status", status)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return self._trust or httpx.create_ssl_context(trust_env=False)

    async def _call(
        self, target: egress.Target, addresses: Sequence[str], headers: dict[str, str], body: bytes
    ) -> int:
        """Return the status of the first address that accepts a connection."""
        async with (
            asyncio.timeout(self._seconds),
            httpx.AsyncClient(
                verify=self._context,
                trust_env=False,
                follow_redirects=False,
                timeout=self._seconds,
                headers={"Host": target.authority, **headers},
            ) as client,
        ):
            *others, last = addresses
            for address in others:
                try:
                    return await self._status(client, target, address, body)
                except httpx.ConnectError:
                    continue
            return await self._status(client, target, last, body)

    async def _status(
        self, client: httpx.AsyncClient, target: egress.Target, address: str, body: bytes
    ) -> int:
        host = f"[{address}]" if ":" in address else address
        async with client.stream(
            "POST",
            f"https://{host}:{target.port}{target.path}",
            content=body,
            extensions={"sni_hostname": target.host},
        ) as answer:
            return answer.status_code
