"""Pages cached in front of an application that counts its requests."""

import threading
from concurrent.futures import ThreadPoolExecutor

import brotli
import pytest
from flask import Flask, Response, request

from lco.web import htmx, page_cache, responses
from lco.web.page_cache import OVERHEAD, PageCacheMiddleware
from tests import serving

BODY = "<p>rent a machine</p>" * 100
ROUTES = {"/list": ("q", "sort", "page"), "/item/[0-9]+": (), "/form": (), "/missing": ()}


class CachedApp:
    """An application behind the page cache; it records each rendering."""

    def __init__(self, max_bytes: int = 1_000_000, max_wait: float = serving.PATIENCE) -> None:
        self.version = 1
        self.versions_read = 0
        self.rendered: list[str] = []
        self.during = lambda: None
        app = Flask(__name__)
        app.after_request(responses.finalize)
        app.after_request(htmx.add_vary)
        app.add_url_rule("/list", view_func=self.page, methods=["GET", "POST"], endpoint="list")
        app.add_url_rule("/item/<int:number>", view_func=self.page, endpoint="item")
        app.add_url_rule("/other", view_func=self.page, endpoint="other")
        app.add_url_rule("/form", view_func=self.form, endpoint="form")
        app.add_url_rule("/missing", view_func=self.missing, endpoint="missing")
        app.wsgi_app = PageCacheMiddleware(app.wsgi_app, ROUTES, self.read_version, max_bytes, max_wait)
        self.get = app.test_client().get
        self.open = app.test_client().open

    def read_version(self) -> int:
        self.versions_read += 1
        return self.version

    def page(self, number: int = 0) -> str:
        self.rendered.append(request.full_path)
        self.during()
        page_cache.mark_cacheable()
        part = "part " if htmx.wants_fragment() else ""
        return f"{part}{request.args.get('q', '')} {number} {self.version} {BODY}"

    def form(self) -> Response:
        self.rendered.append("form")
        return Response(BODY, headers={"Cache-Control": "private, no-store"})

    def missing(self) -> tuple[str, int]:
        self.rendered.append("missing")
        page_cache.mark_cacheable()
        return BODY, 404


def headers(answer) -> dict[str, str]:
    """All but the date, which the server writes."""
    return {name: value for name, value in answer.headers if name != "Date"}


@pytest.fixture
def cached_app():
    return CachedApp()


def test_the_second_visitor_gets_the_response_to_the_first(cached_app):
    first, second = (cached_app.get("/list", headers={"Accept-Encoding": "br"}) for _ in range(2))
    assert len(cached_app.rendered) == 1
    assert (second.status, second.data) == (first.status, first.data)
    assert headers(second) == headers(first)
    assert brotli.decompress(second.data).decode().endswith(BODY)


@pytest.mark.parametrize(
    "address",
    [
        "/list?q=saw",
        "/list?utm_source=mail&q=saw",
        "/list?q=saw&sort=&page=",
        "/list?page=1&q=saw&sort=featured",
        "/list?q=s%61w",
        "/list?q=saw&q=mower",
    ],
)
def test_addresses_that_mean_the_same_share_a_page(cached_app, address):
    cached_app.get("/list?q=saw")
    assert "saw 0" in cached_app.get(address).text
    assert len(cached_app.rendered) == 1


@pytest.mark.parametrize(
    "address",
    ["/list", "/list?q=Saw", "/list?q=mower&q=saw", "/list?q=&q=saw", "/list?q=saw&page=2", "/list?q=%20saw"],
)
def test_addresses_that_mean_something_else_do_not_share_a_page(cached_app, address):
    cached_app.get("/list?q=saw")
    cached_app.get(address)
    assert len(cached_app.rendered) == 2


def test_a_route_that_knows_no_parameter_has_one_page(cached_app):
    for query in ("", "?q=1", "?fbclid=2"):
        cached_app.get(f"/item/1{query}")
    cached_app.get("/item/2")
    assert len(cached_app.rendered) == 2


def test_every_form_and_encoding_is_a_page_of_its_own(cached_app):
    fragment = {"HX-Request": "true"}
    for headers in ({}, fragment, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "br, gzip"}):
        for _ in range(2):
            answer = cached_app.get("/list", headers=headers)
            assert answer.headers.get("Content-Encoding", "identity") in headers.get("Accept-Encoding", "identity")
        assert set(answer.vary) == {"HX-Request", "HX-History-Restore-Request", "Accept-Encoding"}
    assert len(cached_app.rendered) == 4
    assert cached_app.get("/list", headers=fragment).text.startswith("part")
    restored = cached_app.get("/list", headers={**fragment, "HX-History-Restore-Request": "true"})
    assert not restored.text.startswith("part")
    assert len(cached_app.rendered) == 4


def test_a_client_that_has_the_page_gets_the_same_304_cached_or_rendered(cached_app):
    etag = cached_app.get("/list", headers={"Accept-Encoding": "br"}).headers["ETag"]
    returning = {"If-None-Match": f'"other", {etag}', "Accept-Encoding": "br"}
    kept, new = cached_app.get("/list", headers=returning), CachedApp().get("/list", headers=returning)
    assert (kept.status_code, kept.data) == (new.status_code, new.data) == (304, b"")
    assert headers(kept) == headers(new)
    assert len(cached_app.rendered) == 1


def test_a_page_is_cached_also_when_its_first_visitor_gets_304(cached_app):
    etag = CachedApp().get("/list").headers["ETag"]
    assert cached_app.get("/list", headers={"If-None-Match": etag}).status_code == 304
    assert cached_app.get("/list").data.endswith(BODY.encode())
    assert len(cached_app.rendered) == 1


def test_any_etag_matches_a_star(cached_app):
    cached_app.get("/list")
    assert cached_app.get("/list", headers={"If-None-Match": "*"}).status_code == 304


def test_another_etag_gets_the_page(cached_app):
    cached_app.get("/list")
    assert cached_app.get("/list", headers={"If-None-Match": 'W/"other"'}).status_code == 200


def test_head_is_answered_from_the_kept_page(cached_app):
    page = cached_app.get("/list")
    head = cached_app.open("/list", method="HEAD")
    assert (head.data, headers(head)) == (b"", headers(page))
    assert len(cached_app.rendered) == 1


def test_a_change_makes_every_page_new(cached_app):
    cached_app.get("/list")
    cached_app.version = 2
    assert " 2 " in cached_app.get("/list").text


@pytest.mark.parametrize("another_came", [False, True])
def test_a_page_that_a_change_overtook_is_not_given_to_others(cached_app, another_came):
    def change() -> None:
        cached_app.during = lambda: None
        cached_app.version = 2
        if another_came:
            cached_app.get("/item/1")

    cached_app.during = change
    cached_app.get("/list?q=slow")
    before = len(cached_app.rendered)
    cached_app.get("/list?q=slow")
    assert len(cached_app.rendered) == before + 1


def test_a_page_is_served_from_the_cache_for_one_second(cached_app, advance_clock):
    cached_app.get("/list")
    advance_clock(page_cache.TTL / 2)
    cached_app.get("/list")
    assert len(cached_app.rendered) == 1
    advance_clock(page_cache.TTL / 2)
    cached_app.get("/list")
    assert len(cached_app.rendered) == 2


def test_personal_missing_and_unlisted_pages_are_not_cached(cached_app):
    for path in ("/form", "/missing", "/other") * 2:
        cached_app.get(path)
    assert len(cached_app.rendered) == 6


def test_a_form_is_never_answered_with_a_kept_page(cached_app):
    for method in ("GET", "POST", "POST"):
        cached_app.open("/list", method=method)
    assert len(cached_app.rendered) == 3


def test_under_another_root_the_links_are_others(cached_app):
    for root in ("", "/shop", "/shop"):
        cached_app.get("/list", environ_overrides={"SCRIPT_NAME": root})
    assert len(cached_app.rendered) == 2


def test_a_request_with_if_match_reaches_the_application(cached_app):
    cached_app.get("/list")
    assert cached_app.get("/list", headers={"If-Match": '"other"'}).status_code == 412


def test_the_cache_stays_below_its_bound_and_recently_used_pages_stay():
    cached_app = CachedApp(max_bytes=3 * (OVERHEAD + len(BODY) + 100))
    for number in (1, 2, 3, 1, 4):
        cached_app.get(f"/item/{number}")
    cached_app.get("/item/1")
    assert len(cached_app.rendered) == 4
    cached_app.get("/item/2")
    assert len(cached_app.rendered) == 5


def test_a_page_larger_than_the_cache_is_served_and_not_cached():
    cached_app = CachedApp(max_bytes=OVERHEAD)
    assert [cached_app.get("/list").status_code for _ in range(2)] == [200, 200]
    assert len(cached_app.rendered) == 2


def test_a_crowd_at_one_page_makes_it_once(cached_app):
    crowd = 20
    # The request that renders the page is not ready before all have looked for it.
    cached_app.during = lambda: serving.wait_until(lambda: cached_app.versions_read > crowd, "all to come")
    with ThreadPoolExecutor(crowd) as visitors:
        responses = list(visitors.map(cached_app.get, ["/list"] * crowd))
    assert {answer.status_code for answer in responses} == {200}
    assert len(cached_app.rendered) == 1


def test_a_crowd_after_a_change_does_not_wait_for_a_page_from_before():
    cached_app = CachedApp(max_wait=2 * serving.PATIENCE)
    crowd = 20
    served = threading.Event()
    cached_app.during = lambda: served.wait(serving.PATIENCE)
    with ThreadPoolExecutor(crowd + 1) as visitors:
        early = visitors.submit(cached_app.get, "/list")
        serving.wait_until(lambda: cached_app.rendered, "the first to begin")
        cached_app.during = lambda: None
        cached_app.version = 2
        list(visitors.map(cached_app.get, ["/list"] * crowd))
        assert not early.done()
        served.set()


def test_a_crowd_at_a_page_that_is_not_kept_is_served_all_the_same(cached_app):
    all_here = threading.Barrier(4, timeout=serving.PATIENCE)
    with ThreadPoolExecutor(4) as visitors:
        responses = list(visitors.map(lambda _: (all_here.wait(), cached_app.get("/form"))[1], range(4)))
    assert {answer.status_code for answer in responses} == {200}
    assert len(cached_app.rendered) == 4
