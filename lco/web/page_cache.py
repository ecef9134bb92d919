"""A cache of finished pages in front of the application, so that the second visitor costs a look-up.

A page is a function of its address, of the state of the shop and of the day. It is cached by its address, whole or
as a fragment, in one encoding. It is served until the change log has a new entry, a cached value becomes invalid,
or TTL has passed.
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
"""Bytes that a page is counted for beside its body and its address: an upper estimate."""

TTL = timedelta(seconds=1)
"""The time for which a page is cached while no change is known: it may outlive the values in it by so much."""

MAX_WAIT = 1.0
"""Seconds for which a visitor waits for a page that is being rendered for another one."""

Headers = list[tuple[str, str]]


class CacheKey(NamedTuple):
    """A page and its form."""

    address: str
    fragment: bool
    encoding: str


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """The response to the first visitor, served to others until the instant `until`."""

    headers: Headers
    body: bytes
    etag: str
    until: datetime

    def respond(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request: 304 when the client has the page already, no body for HEAD."""
        headers = self.headers.copy()
        if "HTTP_IF_NONE_MATCH" in environ and not is_resource_modified(environ, self.etag):
            remove_entity_headers(headers)
            start_response("304 NOT MODIFIED", headers)
            return ()
        start_response("200 OK", headers)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (self.body,)


class ResponseStore:
    """At most `max_bytes` of pages of one version, least recently used first out."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._pages: OrderedDict[CacheKey, CachedResponse] = OrderedDict()
        self._bytes = 0
        self._version: Hashable = None

    def get(self, key: CacheKey, version: Hashable) -> CachedResponse | None:
        """Return the page, if it may still be served. Pages of another version are dropped."""
        with self._lock:
            if version != self._version:
                self._pages.clear()
                self._version, self._bytes = version, 0
            page = self._pages.get(key)
            if page is None or clock.now() >= page.until:
                return None
            self._pages.move_to_end(key)
            return page

    def put(self, key: CacheKey, version: Hashable, page: CachedResponse) -> None:
        """Store `page`, unless the version has changed since its rendering began."""
        with self._lock:
            if version != self._version:
                return
            if before := self._pages.pop(key, None):
                self._bytes -= _size(key, before)
            self._pages[key] = page
            self._bytes += _size(key, page)
            while self._bytes > self._max_bytes:
                self._bytes -= _size(*self._pages.popitem(last=False))
            metrics.kept_page_bytes.set(self._bytes)


def _size(key: CacheKey, page: CachedResponse) -> int:
    return len(key.address) + len(page.body) + OVERHEAD


class PageCacheMiddleware:
    """WSGI middleware that caches pages of `app`.

    `routes` maps patterns of paths to the parameters that change the page. `version` returns one value that
    differs whenever any page may differ.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        routes: Mapping[str, Sequence[str]],
        version: Callable[[], Hashable],
        max_bytes: int = MAX_BYTES,
        max_wait: float = MAX_WAIT,
    ) -> None:
        self._app = app
        self._routes = [(re.compile(pattern), names) for pattern, names in routes.items()]
        self._version = version
        self._pages = ResponseStore(max_bytes)
        self._max_wait = max_wait
        self._under_way: dict[tuple[CacheKey, Hashable], threading.Event] = {}
        self._kept, self._rendered = metrics.pages.labels("kept"), metrics.pages.labels("rendered")

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve the page from the cache, or have the application render it."""
        key = self._key(environ)
        if key is None:
            return self._app(environ, start_response)
        version = self._version()
        page = self._pages.get(key, version)
        if page is None:
            with self._single_flight(key, version):
                page = self._pages.get(key, self._version())
                if page is None:
                    return self._render(key, environ, start_response)
        self._kept.inc()
        return page.respond(environ, start_response)

    def _key(self, environ: "WSGIEnvironment") -> CacheKey | None:
        """Return the key of the requested page. Returns None for a request that is never cached."""
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
    def _single_flight(self, key: CacheKey, version: Hashable) -> Iterator[None]:
        """Enter at once for the first request of this page; make those that come meanwhile wait for its end.

        Without this, a hundred visitors who wait for one new value would afterwards each render the same page.
        Each request waits once only: a page that is not cached in the end is rendered for each of them.
        """
        mine = threading.Event()
        first = self._under_way.setdefault((key, version), mine)
        if first is not mine:
            first.wait(self._max_wait)
            yield
            return
        try:
            yield
        finally:
            del self._under_way[key, version]
            mine.set()

    def _render(
        self, key: CacheKey, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        self._rendered.inc()
        environ[responses.ON_FINALIZED] = partial(self._store, key, self._version())
        return self._app(environ, start_response)

    def _store(self, key: CacheKey, version: Hashable, response: Response) -> None:
        if not g.get("may_be_kept"):
            return
        page = CachedResponse(
            headers=response.headers.to_wsgi_list(),
            body=response.get_data(),
            etag=response.get_etag()[0] or "",
            until=clock.now() + TTL,
        )
        self._pages.put(key, version, page)


def mark_cacheable() -> None:
    """Allow the response to be cached: it is the same for every visitor of its address."""
    g.may_be_kept = True


def register(app: Flask, routes: Mapping[str, Sequence[str]], version: Callable[[], Hashable]) -> None:
    """Cache the pages of `app`. See PageCacheMiddleware for the arguments."""
    app.wsgi_app = PageCacheMiddleware(app.wsgi_app, routes, version)  # type: ignore[method-assign]  # as Flask documents for middleware
