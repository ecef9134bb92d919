"""A head that is read ahead of gunicorn means what it means to gunicorn, or is left to it."""

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser, wsgi
from hypothesis import given
from hypothesis import strategies as st

from lco.web.stream_head import MAX_BYTES, parse_head

ADDRESS = ("192.0.2.7", 5000)
USUAL = [
    b"Host: shop.example",
    b"Accept: text/event-stream",
    b"X-Forwarded-For: 198.51.100.9, 192.0.2.1",
    b"X-Forwarded-Proto: https",
    b"Last-Event-ID: 12-3",
    b"Connection: keep-alive",
    b"Cookie: a=b; c=d",
]
ODD = [
    b"Content-Length: 3",
    b"content-length: 0",
    b"Transfer-Encoding: chunked",
    b"Expect: 100-continue",
    b"Upgrade: h2c",
    b"X_Forwarded_For: 203.0.113.1",
    b"X-Forwarded-For: 203.0.113.1",
    b"Host : shop.example",
    b"Host:",
    b" folded",
    b"No colon",
    b"Origin: https://elsewhere.example",
    b"Last-Event-ID:\t 7 \t",
    b"Last-Event-ID: \xe9",
    b"Last-Event-ID: 1\x002",
    b"Script-Name: /live",
]
QUERIES = [b"r=card:7&since=1-2", b"", b"r=card%3A7", b"r=a#b", b"r=\xe9", b"r=a b", b"?", b'"', b"r=a\tb"]


def head_of(query: bytes, lines: list[bytes], version: bytes = b"HTTP/1.1", end: bytes = b"\r\n") -> bytes:
    return end.join([b"GET /live?" + query + b" " + version, *lines, b"", b""])


def read_by_gunicorn(head: bytes) -> dict:
    """The WSGI environment that gunicorn makes of it, as gunicorn.conf.py has it. Raises what gunicorn raises."""
    cfg = Config()
    cfg.set("forwarded_allow_ips", "*")
    cfg.set("secure_scheme_headers", {})
    cfg.set("forwarder_headers", "")
    request = next(get_parser(cfg, iter([head]), ADDRESS))
    assert request.body.read() == b""
    return wsgi.create(request, None, ADDRESS, ("127.0.0.1", 80), cfg)[1]


@given(
    st.one_of(st.sampled_from(QUERIES), st.binary(max_size=20)),
    st.lists(st.sampled_from(USUAL), unique=True),
    st.lists(st.one_of(st.sampled_from(USUAL + ODD), st.binary(max_size=30)), max_size=2),
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1 ", b""]),
    st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"]),
)
def test_everything_read_equals_the_parse_of_gunicorn(query, usual, odd, version, end):
    head = head_of(query, [*usual, *odd], version, end)
    ours = parse_head(head, "socket", ADDRESS[0])
    if ours is None:
        return
    theirs = read_by_gunicorn(head)
    about_request = {name for name in theirs if name.startswith("HTTP_")} | {"QUERY_STRING", "PATH_INFO"}
    about_request |= {"REQUEST_METHOD", "SERVER_PROTOCOL", "REMOTE_ADDR", "wsgi.url_scheme"}
    assert {name: ours.get(name) for name in about_request} == {name: theirs[name] for name in about_request}
    assert not {name for name in ours if name.startswith("HTTP_")} - about_request


def test_the_request_of_a_page_is_read():
    environ = parse_head(head_of(b"r=card:7", USUAL), "socket", ADDRESS[0])
    assert environ["QUERY_STRING"] == "r=card:7"
    assert environ["HTTP_LAST_EVENT_ID"] == "12-3"
    assert environ["gunicorn.socket"] == "socket"


@pytest.mark.parametrize("line", ODD[:11] + ODD[13:15])
def test_unusual_headers_are_left_to_the_server(line):
    assert parse_head(head_of(b"r=card:7", [*USUAL, line]), "socket", ADDRESS[0]) is None


def test_a_head_that_has_not_come_whole_is_left_to_the_server():
    head = head_of(b"r=card:7", USUAL)
    assert all(parse_head(head[:end], "socket", ADDRESS[0]) is None for end in range(len(head)))
    assert parse_head(head + b"more", "socket", ADDRESS[0]) is None
    assert len(head) < MAX_BYTES
