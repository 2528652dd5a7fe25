"""Which address a request really comes from. Knows proxies by their networks, nothing of HTTP."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def real_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """Return the address behind the named proxies.

    `forwarded_for` is the X-Forwarded-For header, which anybody can send: it is read from the right
    and only as far as each hop is a trusted proxy. An unreadable entry ends the walk.
    """
    address = _normal(peer)
    for entry in reversed(forwarded_for.split(",")):
        if address is None or not is_trusted(address, trusted):
            break
        claimed = _normal(entry.strip())
        if claimed is None:
            break
        address = claimed
    return address or peer


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Tell whether an address is one of the named proxies'; an unreadable one is not."""
    usual = _normal(address)
    return usual is not None and any(ip_address(usual) in network for network in trusted)


def _normal(text: str) -> str | None:
    """Return an address in its usual form; IPv4 in IPv6 is the IPv4 address; None if unreadable."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
