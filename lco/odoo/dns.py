"""Host names looked up with an end to the waiting, which the resolver itself does not have."""

import socket
import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

from lco import clock

Address = tuple[socket.AddressFamily, str]


class Resolver:
    """Look-ups for one process.

    A look-up cannot be interrupted, and with a silent name server it takes half a minute or more. So each
    runs in a thread of its own, which does nothing else: what a caller gave up waiting for can send nothing later.
    At most one for each name is under way, and all callers meanwhile wait for that one: a silent name server
    holds one thread, however many callers gave up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[list[Address]]] = {}

    def addresses(self, host: str, seconds: float) -> list[Address]:
        """The addresses of `host`, best first. Raises TimeoutError when so many seconds are over, and OSError."""
        literal = _literal(host)
        return [literal] if literal else self._looked_up(host).result(seconds)

    def _looked_up(self, host: str) -> "Future[list[Address]]":
        with self._lock:
            if (future := self._under_way.get(host)) is None:
                future = self._under_way[host] = Future()
                threading.Thread(target=self._look_up, args=(host, future), name="look-up", daemon=True).start()
            return future

    def _look_up(self, host: str, future: "Future[list[Address]]") -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answered = partial(future.set_result, [(family, str(where[0])) for family, _, _, _, where in found])
        except Exception as error:  # noqa: BLE001 - callers that wait must get every error
            unknown = OSError(f"{host} cannot be looked up: {error}")
            unknown.__cause__ = error
            answered = partial(future.set_exception, unknown)
        with self._lock:
            del self._under_way[host]
        answered()


def connect(names: Resolver, host: str, port: int, seconds: float) -> socket.socket:
    """A connection to `host`, made within so many seconds altogether. Raises TimeoutError and OSError.

    Each of its addresses gets an equal share of the time that is left.
    """
    deadline = clock.seconds() + seconds
    addresses = names.addresses(host, seconds)
    failure = OSError(f"{host} has no address")
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            return _connect(address, port, max(deadline - clock.seconds(), 0.01) / left)
        except OSError as error:
            failure = error
    raise failure


def _connect(address: Address, port: int, seconds: float) -> socket.socket:
    family, written = address
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((written, port))
    except OSError:
        connection.close()
        raise
    return connection


def _literal(host: str) -> Address | None:
    """The address that `host` itself writes; no name server is asked for it."""
    bare = host.strip("[]")
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, bare)
            return family, bare
    return None
