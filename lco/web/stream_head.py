"""The head of a request for a stream, read ahead of the server when it is complete and as pages send it."""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH = "/live"
START = f"GET {PATH}?".encode()
MAX_BYTES = 4096
"""A longer head is left to the server, which has limits of its own."""
HEAD = re.compile(re.escape(START) + rb"([!$-~]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~]*\r\n)+)\r\n")
LEFT_TO_SERVER = {"HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE"}
"""The headers of a request that has a body, or that asks for another protocol."""


def parse_head(head: bytes, client: Any, address: str) -> "WSGIEnvironment | None":
    """Return the WSGI environment of a request over the socket `client`, as far as streams need it (RFC 9112).

    Returns None for a head that is not complete, has a header twice, or is unusual: the server reads it then.
    """
    found = HEAD.fullmatch(head)
    if not found:
        return None
    lines = found[2].decode("ascii").split("\r\n")[:-1]
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[f"HTTP_{name.upper().replace('-', '_')}"] = value.strip()
    if len(headers) != len(lines) or not headers.keys().isdisjoint(LEFT_TO_SERVER):
        return None
    return {
        **headers,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": PATH,
        "QUERY_STRING": found[1].decode("ascii"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": address,
        "wsgi.url_scheme": "http",
        "gunicorn.socket": client,
    }
