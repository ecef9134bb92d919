"""A browser that asks for a file of another release gets the present one, and does not keep it."""

import re

import pytest

from lco.web import assets


def address_of_another_release(name: str) -> str:
    return re.sub(r"\.[0-9a-f]{8}\.", ".00000000.", assets.url(name))


@pytest.mark.parametrize("name", sorted(assets.prepared().urls))
def test_unknown_version_of_a_known_file_is_the_present_file(client, name):
    with client.get(assets.url(name)) as present, client.get(address_of_another_release(name)) as other:
        assert other.status_code == present.status_code == 200
        assert other.data == present.data
        assert other.mimetype == present.mimetype
        assert other.headers["Cache-Control"] == "no-store"
        assert "immutable" in present.headers["Cache-Control"]
        for header in ("X-Content-Type-Options", "Content-Security-Policy"):
            assert other.headers[header] == present.headers[header]


@pytest.mark.parametrize(
    "path",
    [
        "css/none.00000000.css",
        "css/site.css",
        "css/site.0000000.css",
        "css/site.0000000g.css",
        "../app.00000000.py",
        "%2e%2e/app.00000000.py",
        "css/site.00000000.css/",
    ],
)
def test_file_that_does_not_exist_is_not_found(client, path):
    assert client.get(f"/static/{path}").status_code == 404


def test_style_sheet_is_served_without_comments_and_indents(client):
    with client.get(assets.url("css/site.css")) as served:
        text = served.text
    assert "/*" not in text
    assert not re.search(r"^[ \t]|[ \t]$", text, re.MULTILINE)
    assert text.count("{") == text.count("}") > 100
