"""For platforms and monitoring: whether the site is alive and ready, and its counts. Never cached."""

import hmac
import os

from flask import Blueprint, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from lco import metrics
from lco.errors import OdooError, Unauthorized
from lco.version import version
from lco.web import site_gauges
from lco.web.clients import warnings
from lco.web.extensions import current_services

blueprint = Blueprint("status", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """`GET /healthz`: the process, its id and version; always 200, as no other part is asked.

    A platform must not restart the site because Odoo is away.
    """
    return _uncached(jsonify(status="ok", process=os.getpid(), version=version()))


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """`GET /readyz`: the state of each part; 200 when the database answers and a catalogue is known, else 503.

    The state of Redis is shown, but does not count: pages are served without it.
    """
    parts = {"database": _database(), "catalogue": _catalogue()}
    odoo = current_services().odoo.transport
    answer = jsonify(
        status="ready" if all(parts.values()) else "not ready",
        parts={name: "ok" if fine else "failing" for name, fine in parts.items()},
        odoo={
            "answering": not odoo.breaker.is_open,
            "last_success": odoo.last_success and odoo.last_success.isoformat(),
        },
        warnings=warnings(),
        redis={"answering": current_services().changes.is_available}
        if current_services().settings.redis_url
        else None,
    )
    return _uncached(answer), 200 if all(parts.values()) else 503


@blueprint.get("/metrics")
def counts() -> Response:
    """`GET /metrics`: the counts of all processes of this server, for Prometheus; 401 without METRICS_TOKEN."""
    expected = current_services().settings.metrics_token
    given = request.headers.get("Authorization", "")
    if expected and not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {expected}".encode()):
        raise Unauthorized("The token is missing or wrong.")
    site_gauges.update(current_services())
    counted = generate_latest(metrics.registry())
    return _uncached(current_app.response_class(counted, content_type=CONTENT_TYPE_LATEST))


def _database() -> bool:
    try:
        current_services().db.ping()
    except Exception:
        current_app.logger.exception("the database does not answer")
        return False
    return True


def _catalogue() -> bool:
    try:
        return bool(current_services().catalogue.vehicles())
    except OdooError:
        return False


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
