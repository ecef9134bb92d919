import logging

import pytest
from flask import Flask

from lco.web.clients import client_of, warn_of_unknown_proxy


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("203.0.113.5:1001", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("[::ffff:203.0.113.5]:99", "203.0.113.5"),
        ("::ffff:cb00:7105", "203.0.113.5"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]:443", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("64:ff9b::cb00:7105", "203.0.113.5"),
        ("2002:cb00:7105:9::1", "203.0.113.5"),
        (' "[2001:db8:1:2::1]:443"', "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("", "unknown"),
        ("unix:", "unix:"),
        ("x" * 1000, "x" * 64),
        ("999.1.1.1", "999.1.1.1"),
    ],
)
def test_a_client_is_an_ipv4_address_or_the_network_of_an_ipv6_address(address, client):
    assert client_of(address) == client


def test_networks_next_to_each_other_are_two_clients():
    assert client_of("2001:db8:1:2::1") != client_of("2001:db8:1:3::1")


def test_a_proxy_that_is_not_trusted_is_logged_once(caplog):
    app = Flask("proxied")
    warn_of_unknown_proxy(app)
    client = app.test_client()
    with caplog.at_level(logging.WARNING):
        client.get("/")
        assert not caplog.records
        for _ in range(3):
            client.get("/", headers={"X-Forwarded-For": "203.0.113.5"})
    assert [("TRUSTED_PROXIES" in record.getMessage()) for record in caplog.records] == [True]
