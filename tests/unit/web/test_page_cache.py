"""Pages kept in front of an application that counts how often it is asked."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import brotli
import pytest
from flask import Flask, Response, request

from lco import clock
from lco.caching import expiry as validity
from lco.web import htmx
from lco.web import page_cache as kept_pages
from lco.web import responses as answers
from lco.web.page_cache import OVERHEAD, KeptPages
from tests import serving

BODY = "<p>rent a machine</p>" * 100
ROUTES = {"/list": ("q", "sort", "page"), "/item/[0-9]+": (), "/form": (), "/missing": ()}


class Shop:
    """An application and what happens around it."""

    def __init__(self, at_most: int = 1_000_000, patience: float = serving.PATIENCE) -> None:
        self.edition = 1
        self.editions_read = 0
        self.rendered: list[str] = []
        self.holds = timedelta(minutes=1)
        self.during = lambda: None
        app = Flask(__name__)
        app.after_request(answers.finished)
        app.after_request(htmx.add_vary)
        app.add_url_rule("/list", view_func=self.page, methods=["GET", "POST"], endpoint="list")
        app.add_url_rule("/item/<int:number>", view_func=self.page, endpoint="item")
        app.add_url_rule("/other", view_func=self.page, endpoint="other")
        app.add_url_rule("/form", view_func=self.form, endpoint="form")
        app.add_url_rule("/missing", view_func=self.missing, endpoint="missing")
        app.wsgi_app = KeptPages(app.wsgi_app, ROUTES, self.read_edition, at_most, patience)
        self.get = app.test_client().get
        self.open = app.test_client().open

    def read_edition(self) -> int:
        self.editions_read += 1
        return self.edition

    def page(self, number: int = 0) -> str:
        self.rendered.append(request.full_path)
        self.during()
        kept_pages.allow()
        validity.ends(clock.now() + self.holds)
        part = "part " if htmx.wants_fragment() else ""
        return f"{part}{request.args.get('q', '')} {number} {self.edition} {BODY}"

    def form(self) -> Response:
        self.rendered.append("form")
        return Response(BODY, headers={"Cache-Control": "private, no-store"})

    def missing(self) -> tuple[str, int]:
        self.rendered.append("missing")
        kept_pages.allow()
        return BODY, 404


def headers(answer) -> dict[str, str]:
    """All but the date, which the server in front writes for everybody."""
    return {name: value for name, value in answer.headers if name != "Date"}


@pytest.fixture
def shop():
    return Shop()


def test_the_second_visitor_gets_what_the_first_one_got(shop):
    first, second = (shop.get("/list", headers={"Accept-Encoding": "br"}) for _ in range(2))
    assert len(shop.rendered) == 1
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
def test_what_says_the_same_finds_the_same_page(shop, address):
    shop.get("/list?q=saw")
    assert "saw 0" in shop.get(address).text
    assert len(shop.rendered) == 1


@pytest.mark.parametrize(
    "address",
    ["/list", "/list?q=Saw", "/list?q=mower&q=saw", "/list?q=&q=saw", "/list?q=saw&page=2", "/list?q=%20saw"],
)
def test_what_says_something_else_does_not(shop, address):
    shop.get("/list?q=saw")
    shop.get(address)
    assert len(shop.rendered) == 2


def test_a_route_that_knows_no_parameter_has_one_page(shop):
    for query in ("", "?q=1", "?fbclid=2"):
        shop.get(f"/item/1{query}")
    shop.get("/item/2")
    assert len(shop.rendered) == 2


def test_every_form_and_encoding_is_a_page_of_its_own(shop):
    fragment = {"HX-Request": "true"}
    for headers in ({}, fragment, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "br, gzip"}):
        for _ in range(2):
            answer = shop.get("/list", headers=headers)
            assert answer.headers.get("Content-Encoding", "identity") in headers.get("Accept-Encoding", "identity")
        assert set(answer.vary) == {"HX-Request", "HX-History-Restore-Request", "Accept-Encoding"}
    assert len(shop.rendered) == 4
    assert shop.get("/list", headers=fragment).text.startswith("part")
    restored = shop.get("/list", headers={**fragment, "HX-History-Restore-Request": "true"})
    assert not restored.text.startswith("part")
    assert len(shop.rendered) == 4


def test_who_has_the_page_gets_304_the_same_whether_it_is_kept_or_new(shop):
    etag = shop.get("/list", headers={"Accept-Encoding": "br"}).headers["ETag"]
    returning = {"If-None-Match": f'"other", {etag}', "Accept-Encoding": "br"}
    kept, new = shop.get("/list", headers=returning), Shop().get("/list", headers=returning)
    assert (kept.status_code, kept.data) == (new.status_code, new.data) == (304, b"")
    assert headers(kept) == headers(new)
    assert len(shop.rendered) == 1


def test_a_page_is_kept_also_when_its_first_visitor_has_it_already(shop):
    etag = Shop().get("/list").headers["ETag"]
    assert shop.get("/list", headers={"If-None-Match": etag}).status_code == 304
    assert shop.get("/list").data.endswith(BODY.encode())
    assert len(shop.rendered) == 1


def test_any_name_will_do_for_who_says_so(shop):
    shop.get("/list")
    assert shop.get("/list", headers={"If-None-Match": "*"}).status_code == 304


def test_another_name_gets_the_page(shop):
    shop.get("/list")
    assert shop.get("/list", headers={"If-None-Match": 'W/"other"'}).status_code == 200


def test_head_is_answered_from_the_kept_page(shop):
    page = shop.get("/list")
    head = shop.open("/list", method="HEAD")
    assert (head.data, headers(head)) == (b"", headers(page))
    assert len(shop.rendered) == 1


def test_a_change_makes_every_page_new(shop):
    shop.get("/list")
    shop.edition = 2
    assert " 2 " in shop.get("/list").text


@pytest.mark.parametrize("somebody_came", [False, True])
def test_a_page_that_a_change_overtook_is_not_given_to_others(shop, somebody_came):
    def change() -> None:
        shop.during = lambda: None
        shop.edition = 2
        if somebody_came:
            shop.get("/item/1")

    shop.during = change
    shop.get("/list?q=slow")
    before = len(shop.rendered)
    shop.get("/list?q=slow")
    assert len(shop.rendered) == before + 1


def test_a_page_serves_as_long_as_what_was_read_for_it(shop, later):
    shop.get("/list")
    later(timedelta(seconds=59))
    shop.get("/list")
    assert len(shop.rendered) == 1
    later(timedelta(seconds=2))
    shop.get("/list")
    assert len(shop.rendered) == 2


def test_a_page_of_old_readings_serves_a_second(shop, later):
    shop.holds = timedelta(minutes=-5)
    shop.get("/list")
    shop.get("/list")
    assert len(shop.rendered) == 1
    later(kept_pages.LEAST)
    shop.get("/list")
    assert len(shop.rendered) == 2


def test_what_is_personal_missing_or_not_listed_is_not_kept(shop):
    for path in ("/form", "/missing", "/other") * 2:
        shop.get(path)
    assert len(shop.rendered) == 6


def test_a_form_is_never_answered_with_a_kept_page(shop):
    for method in ("GET", "POST", "POST"):
        shop.open("/list", method=method)
    assert len(shop.rendered) == 3


def test_under_another_root_the_links_are_others(shop):
    for root in ("", "/shop", "/shop"):
        shop.get("/list", environ_overrides={"SCRIPT_NAME": root})
    assert len(shop.rendered) == 2


def test_who_will_only_have_a_certain_version_asks_the_application(shop):
    shop.get("/list")
    assert shop.get("/list", headers={"If-Match": '"other"'}).status_code == 412


def test_the_pages_take_no_more_than_their_place_and_those_asked_for_stay():
    shop = Shop(at_most=3 * (OVERHEAD + len(BODY) + 100))
    for number in (1, 2, 3, 1, 4):
        shop.get(f"/item/{number}")
    shop.get("/item/1")
    assert len(shop.rendered) == 4
    shop.get("/item/2")
    assert len(shop.rendered) == 5


def test_a_page_that_is_larger_than_the_place_is_served_and_not_kept():
    shop = Shop(at_most=OVERHEAD)
    assert [shop.get("/list").status_code for _ in range(2)] == [200, 200]
    assert len(shop.rendered) == 2


def test_a_crowd_at_one_page_makes_it_once(shop):
    crowd = 20
    # The one who makes the page is not ready before everybody has looked for it.
    shop.during = lambda: serving.wait_until(lambda: shop.editions_read > crowd, "everybody to come")
    with ThreadPoolExecutor(crowd) as visitors:
        answers = list(visitors.map(shop.get, ["/list"] * crowd))
    assert {answer.status_code for answer in answers} == {200}
    assert len(shop.rendered) == 1


def test_a_crowd_after_a_change_does_not_wait_for_a_page_from_before():
    shop = Shop(patience=2 * serving.PATIENCE)
    crowd = 20
    served = threading.Event()
    shop.during = lambda: served.wait(serving.PATIENCE)
    with ThreadPoolExecutor(crowd + 1) as visitors:
        early = visitors.submit(shop.get, "/list")
        serving.wait_until(lambda: shop.rendered, "the first to begin")
        shop.during = lambda: None
        shop.edition = 2
        list(visitors.map(shop.get, ["/list"] * crowd))
        assert not early.done()
        served.set()


def test_a_crowd_at_a_page_that_is_not_kept_is_served_all_the_same(shop):
    everybody = threading.Barrier(4, timeout=serving.PATIENCE)
    with ThreadPoolExecutor(4) as visitors:
        answers = list(visitors.map(lambda _: (everybody.wait(), shop.get("/form"))[1], range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(shop.rendered) == 4
