"""Finished pages, kept in front of the application, so that the second visitor costs a look-up.

A page is a function of its address, of what the shop knows and of the day. So it is kept by its address, as it
left (whole or as a fragment, in one encoding), and given out until something changes: until the log has a new
entry, a reading is said to be old, the day is over, or one of the readings in it would be asked for again.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask, Response, g
from werkzeug.http import is_resource_modified, remove_entity_headers
from werkzeug.wrappers import Request

from lco import clock, metrics
from lco.web import htmx, responses, urls

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BYTES = 32 * 1024 * 1024
OVERHEAD = 4096
"""Bytes that a page is counted for beside its body and its address, rather too many than too few."""

TTL = timedelta(seconds=1)
"""How long a page is kept while no change is known: it may outlive the values in it by so much."""

MAX_WAIT = 1.0
"""Seconds for which a visitor waits for a page that is being made for somebody else."""

Headers = list[tuple[str, str]]


class CacheKey(NamedTuple):
    """Which page, in which form."""

    address: str
    fragment: bool
    encoding: str


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """What left for the first visitor, and the instant until which it is good for others."""

    headers: Headers
    body: bytes
    etag: str
    until: datetime

    def answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        headers = self.headers.copy()
        if "HTTP_IF_NONE_MATCH" in environ and not is_resource_modified(environ, self.etag):
            remove_entity_headers(headers)
            start_response("304 NOT MODIFIED", headers)
            return ()
        start_response("200 OK", headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (self.body,)


class ResponseStore:
    """At most `at_most` bytes of pages of one edition; those go first that nobody asked for the longest."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._lock = threading.Lock()
        self._pages: OrderedDict[CacheKey, CachedResponse] = OrderedDict()
        self._bytes = 0
        self._edition: Hashable = None

    def get(self, name: CacheKey, edition: Hashable) -> CachedResponse | None:
        """The page, if it is still good; whatever belongs to another edition is dropped."""
        with self._lock:
            if edition != self._edition:
                self._pages.clear()
                self._edition, self._bytes = edition, 0
            page = self._pages.get(name)
            if page is None or clock.now() >= page.until:
                return None
            self._pages.move_to_end(name)
            return page

    def put(self, name: CacheKey, edition: Hashable, page: CachedResponse) -> None:
        """Keep `page`, unless there has been another edition since it was begun."""
        with self._lock:
            if edition != self._edition:
                return
            if before := self._pages.pop(name, None):
                self._bytes -= _size(name, before)
            self._pages[name] = page
            self._bytes += _size(name, page)
            while self._bytes > self._at_most:
                self._bytes -= _size(*self._pages.popitem(last=False))
            metrics.kept_page_bytes.set(self._bytes)


def _size(name: CacheKey, page: CachedResponse) -> int:
    return len(name.address) + len(page.body) + OVERHEAD


class PageCacheMiddleware:
    """The application `app` with its pages kept in front of it.

    `routes`: patterns of paths, and the parameters that may change what stands there. `edition`: all that may
    change any page but its address, as one value.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        routes: Mapping[str, Sequence[str]],
        edition: Callable[[], Hashable],
        at_most: int = MAX_BYTES,
        patience: float = MAX_WAIT,
    ) -> None:
        self._app = app
        self._routes = [(re.compile(pattern), names) for pattern, names in routes.items()]
        self._edition = edition
        self._pages = ResponseStore(at_most)
        self._patience = patience
        self._under_way: dict[tuple[CacheKey, Hashable], threading.Event] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        name = self._key(environ)
        if name is None:
            return self._app(environ, start_response)
        edition = self._edition()
        page = self._pages.get(name, edition)
        if page is None:
            with self._single_flight(name, edition):
                page = self._pages.get(name, self._edition())
                if page is None:
                    return self._render(name, environ, start_response)
        metrics.pages.labels("kept").inc()
        return page.answer(environ, start_response)

    def _key(self, environ: "WSGIEnvironment") -> CacheKey | None:
        """What the request asks for, as far as it may be kept at all."""
        path = environ["PATH_INFO"]
        names = next((names for pattern, names in self._routes if pattern.fullmatch(path)), None)
        if names is None or environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or "HTTP_IF_MATCH" in environ:
            return None
        address = environ.get("SCRIPT_NAME", "") + path
        if names and environ.get("QUERY_STRING"):
            address = urls.plain_url(address, names, Request(environ).args)
        encoding = responses.best_encoding(environ.get("HTTP_ACCEPT_ENCODING", ""))
        return CacheKey(address, htmx.is_for_fragment(environ), encoding)

    @contextmanager
    def _single_flight(self, name: CacheKey, edition: Hashable) -> Iterator[None]:
        """At once for the first who makes this page, and when he is ready for those who come meanwhile.

        Without this, a hundred visitors who wait for one new reading would afterwards each render the same page.
        Everybody waits once only: what is not kept in the end, everybody makes for himself.
        """
        mine = threading.Event()
        first = self._under_way.setdefault((name, edition), mine)
        if first is not mine:
            first.wait(self._patience)
            yield
            return
        try:
            yield
        finally:
            del self._under_way[name, edition]
            mine.set()

    def _render(
        self, name: CacheKey, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        metrics.pages.labels("rendered").inc()
        environ[responses.ON_FINALIZED] = partial(self._store, name, self._edition())
        return self._app(environ, start_response)

    def _store(self, name: CacheKey, edition: Hashable, response: Response) -> None:
        if not g.get("may_be_kept"):
            return
        page = CachedResponse(
            headers=response.headers.to_wsgi_list(),
            body=response.get_data(),
            etag=response.get_etag()[0] or "",
            until=clock.now() + TTL,
        )
        self._pages.put(name, edition, page)


def mark_cacheable() -> None:
    """The page under way is the same for everybody who asks for its address: it may be kept."""
    g.may_be_kept = True


def register(app: Flask, routes: Mapping[str, Sequence[str]], edition: Callable[[], Hashable]) -> None:
    """Keep the pages of `app`; see PageCacheMiddleware."""
    app.wsgi_app = PageCacheMiddleware(app.wsgi_app, routes, edition)  # type: ignore[method-assign]  # as Flask documents for middleware
