"""Which addresses on the internet a webhook may reach; pure.

1. An address is reached only if it is public by this table: what the table does not know is not.
2. An IPv6 address that stands for an IPv4 one is refused, or judged by that one (NAT64).

Knows addresses and URLs. Resolves nothing and connects to nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from dualis.addresses import Network

URL_LENGTH = 500
HTTPS_PORT = 443

# IANA special-purpose registries, and the address that Azure gives its own wire server.
_CLOSED_V4 = [
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
]
_GLOBAL_V6 = IPv6Network("2000::/3")  # the only part of IPv6 that is routed to hosts
_CLOSED_V6 = [ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = {0x0000_5EFE, 0x0200_5EFE}  # upper half of an interface id that wraps an IPv4 address

_VISIBLE = re.compile(r"[!-~]+")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"({_LABEL}\.)+{_LABEL}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_INSIDE = ("localhost", "local", "internal", "home.arpa", "onion")


class BadTarget(ValueError):
    """No webhook may call this; the text says why."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be reached. Wider than the default in tests alone."""

    ports: frozenset[int] = frozenset({HTTPS_PORT})
    networks: Sequence[Network] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: `path` with its query; `host` without brackets."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return the host as the Host header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTPS_PORT else f"{host}:{self.port}"


def target(url: str, policy: Policy) -> Target:
    """Return where a URL leads. BadTarget unless it is HTTPS to a public name or address."""
    if len(url) > URL_LENGTH or not _VISIBLE.fullmatch(url) or "\\" in url:
        raise BadTarget(f"must be 1 to {URL_LENGTH} visible ASCII characters, and no backslash.")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = HTTPS_PORT if parts.port is None else parts.port
    except ValueError:
        raise BadTarget("is no URL.") from None
    if parts.scheme != "https":
        raise BadTarget("must begin with https://.")
    if "@" in parts.netloc or parts.fragment:
        raise BadTarget("must hold no login and no fragment.")
    if port not in policy.ports:
        raise BadTarget("must use the port 443.")
    if not (_is_name(host) or is_public(host, policy)):
        raise BadTarget("must lead to a public host.")
    path = parts.path or "/"
    return Target(host, port, f"{path}?{parts.query}" if parts.query else path)


def is_public(text: str, policy: Policy) -> bool:
    """Tell whether an IP address may be reached; what is no address may not."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if any(address in network for network in policy.networks):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    if address in _NAT64 and not address.scope_id:
        return is_public(str(IPv4Address(int(address) & 0xFFFF_FFFF)), Policy())
    return _is_public_v6(address)


def _is_public_v6(address: IPv6Address) -> bool:
    is_isatap = (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP
    is_closed = any(address in network for network in _CLOSED_V6)
    return address in _GLOBAL_V6 and not (is_closed or is_isatap or address.scope_id)


def _is_name(host: str) -> bool:
    """Tell whether a host is a name with a dot that does not end like a number or inside."""
    return (
        len(host) <= 253
        and _NAME.fullmatch(host) is not None
        and _NUMBER.fullmatch(host.rsplit(".", 1)[1]) is None
        and not any(f".{host}".endswith(f".{end}") for end in _INSIDE)
    )
