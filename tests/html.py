"""Checks that every HTML answer must pass, whole pages and fragments alike."""

from collections import Counter

import html5lib
from flask.testing import FlaskClient
from html5lib.treebuilders import getTreeBuilder
from werkzeug.test import TestResponse

TREE = getTreeBuilder("etree")
NAMELESS = {"hidden", "submit", "button", "image", "reset"}
INERT_SCRIPTS = {"application/ld+json"}
COOKIES = {"lco_ops", "lco_booked"}
REDIRECTS = {301, 302, 303, 308}


class CheckedClient(FlaskClient):
    """Fails on malformed HTML, inline scripts, doubled ids, fields without labels, and cookies."""

    def open(self, *args, **kwargs) -> TestResponse:
        response = super().open(*args, **kwargs)
        cookies = [cookie.partition("=")[0] for cookie in response.headers.getlist("Set-Cookie")]
        assert set(cookies) <= COOKIES, "a response sets a cookie"
        is_page = response.mimetype == "text/html" and response.status_code not in REDIRECTS
        if is_page and response.data and "Content-Encoding" not in response.headers:
            check(response.text)
        return response


def check(text: str) -> None:
    """Raise AssertionError for the first thing in an HTML answer that must not be."""
    whole = text.lstrip().lower().startswith("<!doctype")
    root = parse(text, whole=whole)
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    if whole:
        _has_the_parts_of_a_page(elements)
    _has_unique_ids(elements)
    _has_labels(elements)
    _has_nothing_inline(elements)
    _has_ids_on_live_regions(elements)


def parse(text: str, *, whole: bool):
    """The tree of a page or fragment; AssertionError where HTML's grammar (WHATWG 13.2) finds an error."""
    parser = html5lib.HTMLParser(TREE, strict=False, namespaceHTMLElements=False)
    root = parser.parse(text) if whole else parser.parseFragment(text)
    errors = [f"{where}: {code} {data}" for where, code, data in parser.errors]
    assert not errors, f"malformed HTML: {errors[:3]}"
    return root


def _has_the_parts_of_a_page(elements) -> None:
    tags = Counter(element.tag for element in elements)
    assert tags["h1"] == 1, f"a page has one h1, this one has {tags['h1']}"
    assert tags["main"] == 1, "a page has one main"
    assert any(element.tag == "title" and (element.text or "").strip() for element in elements), "no title"
    assert any(element.tag == "html" and element.get("lang") for element in elements), "no language"


def _has_unique_ids(elements) -> None:
    doubled = [name for name, count in Counter(e.get("id") for e in elements if e.get("id")).items() if count > 1]
    assert not doubled, f"doubled ids: {doubled}"


def _has_labels(elements) -> None:
    labelled = {element.get("for") for element in elements if element.tag == "label"}
    wrapped = {id(inner) for element in elements if element.tag == "label" for inner in element.iter()}
    for element in elements:
        if element.tag not in {"input", "select", "textarea"} or element.get("type") in NAMELESS:
            continue
        named = element.get("id") in labelled or id(element) in wrapped or element.get("aria-label")
        assert named, f"no label: {element.tag} {element.get('name')}"
    for form in (e for e in elements if e.tag == "form"):
        assert form.get("action"), "a form without an action"


def _has_nothing_inline(elements) -> None:
    for element in elements:
        assert element.tag != "style", "an inline stylesheet"
        if element.tag == "script":
            assert element.get("src") or element.get("type") in INERT_SCRIPTS, "an inline script"
        for name in element.attrib:
            assert name != "style", f"an inline style on {element.tag}"
            assert not name.startswith(("on", "hx-on")), f"an inline handler {name}"


def _has_ids_on_live_regions(elements) -> None:
    for element in elements:
        if element.get("data-region") or element.get("role") in {"status", "alert"} or element.get("aria-live"):
            assert element.get("id"), f"a live region without an id: {element.tag} {element.attrib}"
