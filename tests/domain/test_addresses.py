"""Where webhooks may lead: nowhere that only the inside reaches, however it is written."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.addresses import host_of, parsed_networks, refusal_of_address, refusal_of_url

INSIDE = [
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "192.0.0.192", "192.168.1.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1", "100::1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:a00:1::",
    "2002:808:808::", "2001::1", "192.88.99.1", "3fff::1", "5f00::1",
    "::127.0.0.1", "fe80::1%eth0",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "200.160.2.3", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_is_sent_inside(address: str) -> None:
    assert refusal_of_address(address, ())
    host = f"[{address}]" if ":" in address else address
    assert refusal_of_url(f"https://{host}/hook", http=False, networks=())


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_addresses_are_reached(address: str) -> None:
    assert refusal_of_address(address, ()) is None


@pytest.mark.parametrize("address", INSIDE)
def test_the_settings_may_allow_any_of_them(address: str) -> None:
    assert refusal_of_address(address, parsed_networks("0.0.0.0/0, ::/0")) is None


def test_a_network_allows_what_is_in_it_and_nothing_else() -> None:
    networks = parsed_networks("127.0.0.1/32,fd00::/8")
    assert refusal_of_address("127.0.0.1", networks) is None
    assert refusal_of_address("fd00::7", networks) is None
    assert refusal_of_address("::ffff:127.0.0.1", networks) is None
    assert refusal_of_address("127.0.0.2", networks) == "127.0.0.2 is not a public address"


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_whatever_ipv6_it_is_wrapped(address: IPv4Address) -> None:
    wrapped = IPv6Address((0xFFFF << 32) | int(address))
    assert refusal_of_address(str(wrapped), ()) == refusal_of_address(str(address), ())


@given(st.ip_addresses())
def test_what_is_not_global_is_never_reached(address: IPv4Address | IPv6Address) -> None:
    if refusal_of_address(str(address), ()) is None:
        assert ip_address(str(address)).is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/", "https://127.1/", "https://017700000001/", "https://1.2.3.4.5/",
        "https://[::1", "https://[zz]/", "https://user:secret@crm.example.com/", "https://crm.example.com#x",
        "https://crm.example.com\\@127.0.0.1/", "https://:443/", "https://", "https://crm.example.com:99999/",
        "https://localhost/", "https://a.localhost:1/", "ftp://crm.example.com/",
    ],
)  # fmt: skip
def test_what_leads_inside_or_is_no_plain_url_is_refused(url: str) -> None:
    assert refusal_of_url(url, http=True, networks=())


def test_plain_text_is_for_who_allows_it() -> None:
    assert refusal_of_url("http://crm.example.com", http=False, networks=()) == "it must begin with https://"
    assert refusal_of_url("http://crm.example.com", http=True, networks=()) is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://CRM.example.com:8443/x?y=z", "crm.example.com"),
        ("https://[2606:4700::1]/x", "2606:4700::1"),
        ("nonsense", ""),
    ],
)
def test_the_host_is_told(url: str, host: str) -> None:
    assert host_of(url) == host


def test_no_networks_are_none() -> None:
    assert parsed_networks("none") == parsed_networks("") == ()
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        parsed_networks("10.0.0.0/99")
