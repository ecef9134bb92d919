"""Connections to Odoo: made within a time limit, and new ones for calls that must not be sent twice."""

import io
import math
import os
import socket
import ssl
from functools import cache, partial
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from lco import clock
from lco.odoo.dns import Resolver, connect
from lco.settings import CA_BUNDLE

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CONNECT_SECONDS = 2.0
POOL = 32
_resolver = Resolver()


def session(*, fresh: bool = False) -> requests.Session:
    """For many threads, which use nothing of it but its connections; with `fresh` none of those is used twice."""
    session = requests.Session()
    session.trust_env = False  # neither a proxy nor a .netrc of the machine has a say here
    if fresh:
        session.headers["Connection"] = "close"
    adapter = _OdooAdapter(FRESH if fresh else KEPT)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class _Bounded(io.RawIOBase):
    """The bytes that come over `connection`, as `raw` reads them, until `deadline` (`clock.seconds`).

    Raises TimeoutError after that.

    For each piece it waits no longer than the connection's own time-out.
    """

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, deadline: float) -> None:
        super().__init__()
        self._raw = raw
        self._connection = connection
        self._deadline = deadline
        self._patience = connection.gettimeout() or math.inf

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        left = self._deadline - clock.seconds()
        if left <= 0:
            raise TimeoutError("the answer does not end")
        self._connection.settimeout(min(left, self._patience))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    """One that has come, from its first byte to its last, when `deadline` is there.

    The time-out of a socket is for each piece alone, and an answer may drip in for hours, be it only its head.
    """

    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach(), sock, deadline))


class _BoundedHttpConnection(HTTPConnection):
    """One that is made within CONNECT_SECONDS, the look-up of the name included, and whose answers have an end."""

    _asked_at = 0.0

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._asked_at = clock.seconds()
        if self.sock:
            self.sock.settimeout(self.timeout)  # the answer before has left what it did not need of its own time
        super().request(*args, **kwargs)

    def getresponse(self) -> Any:
        deadline = self._asked_at + CONNECT_SECONDS + (self.timeout or 0.0)
        self.response_class = partial(_BoundedResponse, deadline=deadline)  # type: ignore[assignment] # it is only called
        return super().getresponse()

    def _new_conn(self) -> socket.socket:
        try:
            connection = connect(_resolver, self._dns_host, self.port, CONNECT_SECONDS)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection to {self.host}: {error}") from error
        connection.settimeout(self.timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


class _BoundedHttpsConnection(_BoundedHttpConnection, HTTPSConnection):
    pass


class _Fresh(HTTPConnection):
    """One that the pool takes for dropped whenever it looks, and so makes anew each time."""

    @property
    def is_connected(self) -> bool:
        return False


class _FreshHttp(_Fresh, _BoundedHttpConnection):
    pass


class _FreshHttps(_Fresh, _BoundedHttpsConnection):
    pass


KEPT = {"http": _BoundedHttpConnection, "https": _BoundedHttpsConnection}
FRESH = {"http": _FreshHttp, "https": _FreshHttps}


class _OdooAdapter(HTTPAdapter):
    """Makes connections of `kinds`, by scheme."""

    def __init__(self, kinds: dict[str, type[_BoundedHttpConnection]]) -> None:
        super().__init__(pool_connections=1, pool_maxsize=POOL)
        self._kinds = kinds

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self._kinds[pool.scheme]
        return pool

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        host, tls = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {"ssl_context": trusted()} if host["scheme"] == "https" else tls

    def cert_verify(self, *args: Any) -> None:
        """Nothing: whom to trust stands in the context, and reading it anew takes longer than a booking may."""


@cache
def trusted() -> ssl.SSLContext:
    """Trust the authorities of REQUESTS_CA_BUNDLE, or those that come with requests.

    They are read once, since that takes longer than a booking may.
    """
    bundle = os.environ.get(CA_BUNDLE) or DEFAULT_CA_BUNDLE_PATH
    if os.path.isdir(bundle):  # noqa: PTH112 - a path as OpenSSL takes it
        return ssl.create_default_context(capath=bundle)
    return ssl.create_default_context(cafile=bundle)
