"""Cross-origin requests to the JSON API: allowed for the origins in CORS_ORIGINS only (Fetch standard, CORS)."""

from flask import Blueprint, Response, request

from lco import metrics
from lco.errors import Forbidden
from lco.web.extensions import current_services
from lco.web.security import is_own

HEADERS = {
    "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "600",
}
EXPOSED = "Location, Retry-After, RateLimit, RateLimit-Policy"


def check_origins(blueprint: Blueprint) -> None:
    """Refuse foreign origins on every route of `blueprint`, and answer preflights of those allowed."""
    blueprint.before_request(_refuse_foreign)
    blueprint.after_request(_allow)


def _refuse_foreign() -> None:
    origin = request.headers.get("Origin")
    if (
        origin is None
        or is_own(origin, current_services().settings)
        or origin in current_services().settings.cors_origins
    ):
        return
    metrics.refused.labels("foreign origin").inc()
    raise Forbidden("Pages of this origin may not call this address.")


def _allow(response: Response) -> Response:
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin not in current_services().settings.cors_origins:
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
    if request.method == "OPTIONS":
        response.headers.update(HEADERS)
        response.headers["Access-Control-Allow-Methods"] = ", ".join(sorted(response.allow))
    return response
