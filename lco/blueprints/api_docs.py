"""The description of the JSON API: for API clients at `/api/openapi.json`, for people at `/api`."""

from flask import Blueprint, Response, jsonify, make_response, render_template

from lco.blueprints.openapi import description

blueprint = Blueprint("api_docs", __name__)


@blueprint.get("/api/openapi.json")
def document() -> Response:
    """`GET /api/openapi.json`: the description, OpenAPI 3.1, open to all origins; 200; revalidated."""
    response = jsonify(description())
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.get("/api")
def page() -> Response:
    """`GET /api`: the same as a page; 200; revalidated."""
    return make_response(render_template("pages/api.html", api=description()))
