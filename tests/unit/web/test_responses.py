import gzip

import brotli
import pytest
from flask import Flask, Response

from lco.web import responses

PAGE = "<p>rent a machine</p>" * 100


@pytest.mark.parametrize(
    ("accepted", "encoding", "opened"),
    [
        ("br, gzip", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("gzip;q=1, br;q=0", "gzip", gzip.decompress),
        ("identity", None, bytes),
        ("", None, bytes),
    ],
)
def test_a_page_leaves_in_the_best_encoding_the_visitor_takes(client, accepted, encoding, opened):
    answer = client.get("/page", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == encoding
    assert opened(answer.data).decode() == PAGE
    assert answer.vary.to_header() == "Accept-Encoding"
    assert answer.content_length == len(answer.data)


def test_a_known_page_is_304_with_the_same_etag_and_vary(client):
    first = client.get("/page", headers={"Accept-Encoding": "br"})
    again = client.get("/page", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.vary.to_header() == "Accept-Encoding"
    assert "Content-Encoding" not in again.headers


def test_another_page_has_another_name(client):
    assert client.get("/page").headers["ETag"] != client.get("/short").headers["ETag"]


def test_short_answers_pictures_and_streams_are_not_compressed(client):
    for path in ("/short", "/picture", "/stream"):
        assert "Content-Encoding" not in client.get(path, headers={"Accept-Encoding": "br"}).headers
    assert "ETag" not in client.get("/stream").headers


def test_only_whole_answers_are_named(client):
    assert "ETag" not in client.get("/missing").headers
    assert "ETag" not in client.post("/page").headers


def test_compressed_bodies_stay_as_they_are(client):
    answer = client.get("/small", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data).decode() == PAGE


@pytest.fixture
def client():
    app = Flask(__name__)
    app.after_request(responses.finalize)
    app.add_url_rule("/page", view_func=lambda: PAGE, methods=["GET", "POST"], endpoint="page")
    app.add_url_rule("/short", view_func=lambda: "short", endpoint="short")
    app.add_url_rule("/picture", view_func=lambda: Response(PAGE, mimetype="image/png"), endpoint="picture")
    app.add_url_rule("/stream", view_func=lambda: Response(iter([PAGE])), endpoint="stream")
    app.add_url_rule(
        "/small",
        view_func=lambda: Response(gzip.compress(PAGE.encode()), headers={"Content-Encoding": "gzip"}),
        endpoint="small",
    )
    return app.test_client()
