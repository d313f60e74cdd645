"""Which addresses are public."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.outgoing.addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        *("93.184.215.14", "1.1.1.1", "8.8.8.8", "151.101.1.6", "192.88.98.1", "223.255.255.254"),
        *("2606:4700:4700::1111", "2a00:1450:4001:830::200e", "2001:4860:4860::8888"),
    ],
)
def test_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255"),
        *("127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.170.2", "172.16.0.1"),
        *("172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1"),
        *("192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
        "100.100.100.200",
    ],
)
def test_special_address_is_refused_however_it_is_carried(address: str) -> None:
    v4 = IPv4Address(address)
    high, low = int(v4) >> 16, int(v4) & 0xFFFF

    assert not is_public(v4)
    for carrier in (
        f"::ffff:{address}",  # mapped
        f"::{address}",  # compatible
        f"64:ff9b::{address}",  # NAT64
        f"64:ff9b:1::{address}",  # NAT64, local
        f"2002:{high:x}:{low:x}::1",  # 6to4
        f"2001:0:{high:x}:{low:x}::1",  # Teredo, its server
        f"2001:0:808:808:0:0:{high ^ 0xFFFF:x}:{low ^ 0xFFFF:x}",  # Teredo, its client
        f"fe80::5efe:{high:x}:{low:x}",  # ISATAP
    ):
        assert not is_public(ip_address(carrier)), carrier


@pytest.mark.parametrize(
    "address",
    [
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1"),
        *("ff02::1", "ff0e::1", "100::1", "2001:db8::1", "2001:10::1", "2001:20::1", "3fff::1"),
        *("5f00::1", "4000::1", "2606:4700::1%1", "64:ff9b::808:808", "::ffff:8.8.8.8"),
    ],
)
def test_special_address_of_version_6_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@given(st.integers(0, 2**32 - 1))
def test_what_python_calls_private_is_never_public(number: int) -> None:
    address = IPv4Address(number)

    if address.is_private or address.is_multicast or address.is_reserved:
        assert not is_public(address)


@given(st.integers(0, 2**128 - 1))
def test_nothing_outside_of_what_was_given_out_is_public(number: int) -> None:
    address = IPv6Address(number)

    if number >> 125 != 1 or address.is_private:
        assert not is_public(address)
