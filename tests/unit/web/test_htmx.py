import pytest
from flask import Flask

from lco.web import htmx


@pytest.mark.parametrize(
    ("headers", "fragment"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "false"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_htmx_gets_a_fragment_unless_it_restores_history(client, headers, fragment):
    assert client.get("/part", headers=headers).text == str(fragment)


def test_an_answer_varies_by_the_headers_that_were_read(client):
    assert set(client.get("/part", headers={"HX-Request": "true"}).vary) == {
        "HX-Request",
        "HX-History-Restore-Request",
    }
    assert not client.get("/plain").vary


def test_a_redirect_is_one_that_htmx_follows_as_a_new_page(client):
    answer = client.get("/away")
    assert (answer.status_code, answer.headers["HX-Redirect"], answer.data) == (204, "/bookings/x", b"")


def test_an_announcement_goes_into_the_status_line_and_nowhere_else(client):
    answer = client.get("/announced")
    assert (answer.status_code, answer.text, answer.mimetype) == (429, "Please wait.", "text/plain")
    assert answer.headers["HX-Retarget"] == "#announcement"
    assert answer.headers["HX-Reswap"] == "textContent"


@pytest.fixture
def client():
    app = Flask(__name__)
    app.after_request(htmx.add_vary)
    app.add_url_rule("/part", view_func=lambda: str(htmx.wants_fragment()), endpoint="part")
    app.add_url_rule("/plain", view_func=lambda: "plain", endpoint="plain")
    app.add_url_rule("/away", view_func=lambda: htmx.redirected("/bookings/x"), endpoint="away")
    app.add_url_rule("/announced", view_func=lambda: htmx.announced("Please wait.", 429), endpoint="announced")
    return app.test_client()
