"""Which client a request belongs to: what limits and budgets are counted for."""

import logging
import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from flask import Flask, current_app, request

log = logging.getLogger(__name__)

IPV6_PREFIX = 64
"""Bits that one subscriber's network has in common (RFC 6177); the other ones the subscriber may choose."""
TRANSLATED = IPv6Network("64:ff9b::/96")
UNKNOWN_PROXY = (
    "a request has X-Forwarded-For, but TRUSTED_PROXIES is 0: behind a proxy all visitors count as one client and"
    " share its limits; set TRUSTED_PROXIES to the number of proxies"
)
SEEN = "lco.unknown_proxy"
WITH_PORT = re.compile(r"\[(?P<six>[^]]+)\](:\d+)?|(?P<four>[\d.]+):\d+", re.ASCII)


@lru_cache(maxsize=10_000)
def client_of(address: str) -> str:
    """Return the client at `address`: an IPv4 address, or the /64 network of an IPv6 address.

    A port, a zone, quotes and blanks make no difference, nor do the forms in which IPv6 carries IPv4: mapped
    (`::ffff:192.0.2.1`), translated (`64:ff9b::192.0.2.1`, RFC 6052) and 6to4. Text that is no address is returned
    as it is, up to 64 characters.
    """
    address = address.strip(' \t"')
    found = WITH_PORT.fullmatch(address)
    bare = (found["six"] or found["four"]) if found else address
    try:
        ip = ip_address(bare.partition("%")[0])
    except ValueError:
        return address[:64] or "unknown"
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if (
        carried := ip.ipv4_mapped
        or ip.sixtofour
        or (IPv4Address(int(ip) & 2**32 - 1) if ip in TRANSLATED else None)
    ):
        return str(carried)
    network = int(ip) >> (128 - IPV6_PREFIX) << (128 - IPV6_PREFIX)
    return f"{IPv6Address(network)}/{IPV6_PREFIX}"


def client_address() -> str:
    """Return the client of the request: the address that the outermost trusted proxy saw (`TRUSTED_PROXIES`)."""
    return client_of(request.remote_addr or "")


def warn_of_unknown_proxy(app: Flask) -> None:
    """Warn when a proxy names a client although no proxy is trusted: then all clients count as one.

    Once in the log, from then on in `/readyz` and `/ops` (see `warnings`).
    """

    def look() -> None:
        if not warnings() and "X-Forwarded-For" in request.headers:
            app.extensions[SEEN] = [UNKNOWN_PROXY]
            log.warning(UNKNOWN_PROXY)

    app.before_request(look)


def warnings() -> list[str]:
    """The mistakes in the settings that requests since the start have shown."""
    return list(current_app.extensions.get(SEEN, ()))
