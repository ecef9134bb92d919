"""One permanent redirect from an address with a slash at its end to the one form that each page has."""

from urllib.parse import quote

from flask import Flask, current_app, redirect, request
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response


def register(app: Flask) -> None:
    """Redirect such addresses of pages; those that lead nowhere stay 404."""
    app.before_request(_redirect)


def _redirect() -> Response | None:
    if not isinstance(request.routing_exception, NotFound) or request.method not in {"GET", "HEAD"}:
        return None
    path = request.path.rstrip("/")
    if path == request.path or not _is_page(path):
        return None
    query = request.query_string.decode("latin-1")
    return redirect(quote(path) + (f"?{query}" if query else ""), 301)


def _is_page(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    try:
        return bool(path) and adapter is not None and bool(adapter.match(path, method="GET"))
    except HTTPException:
        return False
