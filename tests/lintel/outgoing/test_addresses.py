from ipaddress import ip_address

import pytest

from lintel.outgoing._addresses import is_public, may_be_listed, read_address

INNER = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.0.8",
    "198.18.0.1",
    "::1",
    "fd00:ec2::254",
]
NEVER = [
    "169.254.169.254",
    "0.0.0.0",  # noqa: S104 - nobody listens
    "0.1.2.3",
    "224.0.0.1",
    "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
WRAPPED = [
    "::ffff:{}",  # mapped
    "64:ff9b::{}",  # NAT64
    "2002:{six}::1",  # 6to4
]
SPECIAL = ["192.88.99.1", "168.63.129.16", "192.0.2.1", "203.0.113.9", "2001:db8::1", "3fff::1", "2001::1"]
OUTSIDE = ["::7f00:1", "64:ff9b:1::7f00:1", "5f00::1", "100::1"]
PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]


@pytest.mark.parametrize("text", [*INNER, *NEVER, *SPECIAL, *OUTSIDE])
def test_what_is_not_everybodys(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_what_is_everybodys(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("wrapping", WRAPPED)
@pytest.mark.parametrize("text", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0"])  # noqa: S104
def test_an_inner_address_within_another_is_found(wrapping: str, text: str) -> None:
    number = int(ip_address(text))
    wrapped = wrapping.format(text, six=f"{number >> 16:x}:{number & 0xFFFF:x}")
    assert not is_public(ip_address(wrapped))
    assert may_be_listed(ip_address(wrapped)) is may_be_listed(ip_address(text))


@pytest.mark.parametrize("text", [*INNER, *PUBLIC])
def test_what_an_operator_may_list(text: str) -> None:
    assert may_be_listed(ip_address(text))


@pytest.mark.parametrize("text", NEVER)
def test_what_nobody_may_list(text: str) -> None:
    assert not may_be_listed(ip_address(text))


@pytest.mark.parametrize("text", ["127.1", "0177.0.0.1", "2130706433", "0x7f000001", "localhost", ""])
def test_only_the_plain_form_is_an_address(text: str) -> None:
    assert read_address(text) is None
