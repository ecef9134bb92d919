"""Turn every error into a response: JSON for API clients, a sentence in the page for htmx, a page for people."""

from datetime import timedelta

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from lco.errors import InvalidInput, LcoError, OdooError
from lco.web import htmx, request_log

SENTENCES = {
    400: "The request could not be understood.",
    404: "Check the link, or browse our equipment.",
    405: "This address does not take that kind of request.",
    413: "The request is larger than we accept.",
    415: "The request should be JSON.",
    429: "Too many attempts. Please wait a little, or call us.",
}


def register(app: Flask) -> None:
    """Handle the site's own errors, the framework's, and unexpected ones."""
    app.register_error_handler(LcoError, respond)
    app.register_error_handler(HTTPException, _from_framework)
    app.register_error_handler(Exception, _unexpected)


def respond(error: LcoError) -> Response:
    """The response to `error` in the form that the request asks for, with Retry-After where waiting helps."""
    request_log.note(error=error.code)
    response = _in_form(error)
    response.status_code = error.status
    response.headers["Cache-Control"] = "no-store"
    if error.retry_after:
        response.headers["Retry-After"] = seconds(error.retry_after)
    return response


def seconds(wait: timedelta) -> str:
    """`wait` as Retry-After writes it (RFC 9110, 10.2.3)."""
    return str(max(1, round(wait.total_seconds())))


def _in_form(error: LcoError) -> Response:
    if request.path.startswith("/api/"):
        body = {"success": False, "error": error.code, "message": error.message}
        return jsonify(body | ({"fields": error.fields} if isinstance(error, InvalidInput) else {}))
    if htmx.wants_fragment():
        return htmx.announced(error.message, error.status)
    page = "pages/unavailable.html" if isinstance(error, OdooError) and error.status >= 500 else "pages/error.html"  # noqa: PLR2004 - a server's error
    return make_response(render_template(page, status=error.status, message=error.message))


def _from_framework(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:  # noqa: PLR2004 - redirects are no errors
        return make_response(error.get_response())
    ours = LcoError(SENTENCES.get(error.code or 500, LcoError.message))
    ours.status = error.code or 500
    ours.code = error.name.lower().replace(" ", "_")
    response = respond(ours)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    current_app.logger.error("unexpected error", exc_info=error)
    return respond(LcoError())
