"""Where webhooks may lead: the rules for their URLs, and for the addresses behind them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

URL = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<ip6>[0-9a-fA-F]*:[0-9a-zA-Z:.%]*)\]|(?P<name>[^/?#@:\[\]\\]+))"
    r"(?::(?P<port>[0-9]{1,5}))?(?:[/?][^#\\]*)?"
)
LAST_PORT = 65_535


def parsed_networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR notation with commas between them; `none` and the empty text are none.

    Raises:
        ValueError: one of them is no network.
    """
    return tuple(
        ip_network(each.strip(), strict=False) for each in text.split(",") if each.strip() not in {"", "none"}
    )


PREFIXES_OF_IPV4 = (ip_network("64:ff9b::/96"), ip_network("::/96"))
"""IPv6 addresses whose last four bytes are the IPv4 address that a gateway sends to (NAT64, compatible)."""
NEVER_PUBLIC = parsed_networks(
    "192.0.0.0/24,192.88.99.0/24,64:ff9b:1::/48,2001::/23,2002::/16,3fff::/20,5f00::/16,fec0::/10"
)
"""What not every Python knows not to be global.

Protocol assignments with Teredo, 6to4 and its relays, local NAT64, documentation, segments, site-local.
"""


@lru_cache(maxsize=1024)  # asked before every delivery
def refusal_of_url(url: str, *, http: bool, networks: tuple[Network, ...]) -> str | None:
    """Why no webhook may lead to the URL, if so; what its host resolves to is checked when it is called."""
    parts = URL.fullmatch(url)
    if parts is None or int(parts["port"] or 0) > LAST_PORT:
        return "it is no plain URL: a host, perhaps a port, path and query; no user, no fragment"
    if parts["scheme"] == "http" and not http:
        return "it must begin with https://"
    return _refusal_of_host(host_of(url), networks)


def host_of(url: str) -> str:
    """The host that a URL names, in lower case; empty if it names none."""
    parts = URL.fullmatch(url)
    return (parts["ip6"] or parts["name"]).lower() if parts else ""


def refusal_of_address(text: str, networks: Sequence[Network]) -> str | None:
    """Why nothing is sent to an IP address, if so. `networks` are allowed beside the public ones."""
    address = _plain(ip_address(text.partition("%")[0]))
    if _is_public(address) or any(address in network for network in networks):
        return None
    return f"{address} is not a public address"


def _refusal_of_host(host: str, networks: Sequence[Network]) -> str | None:
    try:
        return refusal_of_address(host, networks)
    except ValueError:
        pass
    if host.replace(".", "").isdigit() or ":" in host:
        return f"{host} is neither a name nor a whole IP address"
    loopback = host == "localhost" or host.endswith(".localhost")
    return refusal_of_address("127.0.0.1", networks) if loopback else None


def _is_public(address: Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in NEVER_PUBLIC)
    )


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped
    if inner is None and any(address in prefix for prefix in PREFIXES_OF_IPV4) and int(address) > 1:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address
