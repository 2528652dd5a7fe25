"""A table of attacks: addresses and URLs that lead inside, in every disguise."""

from ipaddress import ip_network

import pytest

from dualis.notifications.egress import BadTarget, Policy, Target, is_public, target

PUBLIC = ["93.184.216.34", "1.1.1.1", "172.32.0.1", "223.255.255.254", "2606:4700::1111"]
PUBLIC += ["2a00:1450:4001::1", "64:ff9b::5db8:d822"]

INSIDE = {
    "this host": "0.0.0.0",
    "this network": "0.1.2.3",
    "loopback": "127.0.0.1",
    "all of loopback": "127.255.255.254",
    "private A": "10.1.2.3",
    "private B": "172.16.0.1",
    "the end of private B": "172.31.255.255",
    "private C": "192.168.1.1",
    "carrier NAT": "100.64.0.1",
    "a cloud's metadata": "169.254.169.254",
    "another cloud's metadata": "100.100.100.200",
    "a third cloud's wire server": "168.63.129.16",
    "protocol assignments": "192.0.0.192",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "6to4 relay": "192.88.99.1",
    "benchmarks": "198.19.255.255",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified v6": "::",
    "loopback v6": "::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped private in hex": "::ffff:a00:1",
    "mapped public": "::ffff:93.184.216.34",
    "compatible": "::7f00:1",
    "translated": "::ffff:0:7f00:1",
    "NAT64 of loopback": "64:ff9b::7f00:1",
    "NAT64 of metadata": "64:ff9b::a9fe:a9fe",
    "NAT64 of a local prefix": "64:ff9b:1::5db8:d822",
    "6to4 of loopback": "2002:7f00:1::1",
    "6to4 of private": "2002:c0a8:101::1",
    "6to4 of public": "2002:5db8:d822::1",
    "Teredo": "2001:0:5db8:d822::1",
    "ISATAP of private": "2606:4700::5efe:a00:1",
    "ISATAP, global bit": "2606:4700::200:5efe:a00:1",
    "link-local v6": "fe80::1",
    "link-local with a zone": "fe80::1%eth0",
    "public with a zone": "2606:4700::1%eth0",
    "NAT64 with a zone": "64:ff9b::5db8:d822%eth0",
    "site-local": "fec0::1",
    "unique local": "fd00:ec2::254",
    "documentation v6": "2001:db8::1",
    "newer documentation v6": "3fff::1",
    "segment routing": "5f00::1",
    "multicast v6": "ff02::1",
    "discard": "100::1",
    "no address": "example.com",
    "octal": "0177.0.0.1",
    "one number": "2130706433",
    "hex": "0x7f000001",
    "nothing": "",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address):
    assert is_public(address, Policy())


@pytest.mark.parametrize("address", INSIDE.values(), ids=INSIDE)
def test_an_address_inside_may_not_be_reached(address):
    assert not is_public(address, Policy())


def test_a_policy_opens_the_networks_it_names_and_no_other():
    policy = Policy(networks=[ip_network("127.0.0.0/8")])
    assert is_public("127.0.0.1", policy)
    assert not is_public("10.0.0.1", policy) and not is_public("::1", policy)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com", Target("example.com", 443, "/")),
        ("https://Hooks.Example.com/in?a=1&b=2", Target("hooks.example.com", 443, "/in?a=1&b=2")),
        ("https://example.com:443/", Target("example.com", 443, "/")),
        ("https://xn--bcher-kva.example/", Target("xn--bcher-kva.example", 443, "/")),
        ("https://93.184.216.34/x", Target("93.184.216.34", 443, "/x")),
        ("https://[2606:4700::1111]/x", Target("2606:4700::1111", 443, "/x")),
    ],
)
def test_a_url_leads_to_host_port_and_path(url, expected):
    assert target(url, Policy()) == expected


def test_the_host_header_names_the_port_only_if_it_is_another():
    assert Target("a.example", 443, "/").authority == "a.example"
    assert Target("a.example", 8443, "/").authority == "a.example:8443"
    assert Target("2606:4700::1111", 443, "/").authority == "[2606:4700::1111]"


BAD = {
    "plain HTTP": "http://example.com/",
    "another scheme": "ftp://example.com/",
    "a file": "file:///etc/passwd",
    "no scheme": "example.com",
    "nothing": "",
    "no host": "https:///x",
    "a login": "https://user:pass@example.com/",
    "a login that looks like the host": "https://example.com@127.0.0.1/",
    "a fragment": "https://example.com/#x",
    "another port": "https://example.com:8443/",
    "port 0": "https://example.com:0/",
    "a port that is none": "https://example.com:99999/",
    "a broken bracket": "https://[::1",
    "a backslash": "https://example.com\\@127.0.0.1/",
    "a space": "https://example.com/a b",
    "a line break": "https://example.com/\r\nHost: x",
    "a tab": "https://exa\tmple.com/",
    "letters beyond ASCII": "https://ex\u00e4mple.com/",
    "a wide digit": "https://\uff11\uff12\uff17.0.0.1/",
    "too long": "https://example.com/" + "a" * 500,
    "localhost": "https://localhost/",
    "a name below localhost": "https://a.localhost/",
    "a name without a dot": "https://intranet/",
    "a name of the house": "https://printer.local/",
    "a name of the inside": "https://metadata.google.internal/",
    "loopback": "https://127.0.0.1/",
    "loopback, short": "https://127.1/",
    "loopback as one number": "https://2130706433/",
    "loopback in hex": "https://0x7f.0.0.1/",
    "loopback in hex, last": "https://127.0.0.0x1/",
    "loopback in octal": "https://0177.0.0.1/",
    "loopback v6": "https://[::1]/",
    "mapped loopback": "https://[::ffff:127.0.0.1]/",
    "a zone": "https://[fe80::1%25eth0]/",
    "an empty label": "https://example..com/",
    "a final dot": "https://example.com./",
    "an underscore": "https://a_b.example.com/",
    "a label that is too long": f"https://{'a' * 64}.example.com/",
}


@pytest.mark.parametrize("url", BAD.values(), ids=BAD)
def test_a_url_that_is_no_public_https_is_refused(url):
    with pytest.raises(BadTarget):
        target(url, Policy())
