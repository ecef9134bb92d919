"""Read a JSON object from a request."""

from typing import Any

from flask import request

from lco.errors import BadRequest


def json_object() -> dict[str, Any]:
    """The JSON object in the request. Raises BadRequest, and werkzeug's own for another type or malformed JSON."""
    try:
        body = request.get_json()
    except RecursionError as error:
        raise BadRequest from error
    if not isinstance(body, dict):
        raise BadRequest("The request should be a JSON object.")
    return body
