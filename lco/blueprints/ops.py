"""The state of the site, for staff: bookings that need a person, webhooks, Odoo, mails, streams."""

import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from flask import Blueprint, Response, make_response, redirect, render_template, request
from itsdangerous import BadSignature, TimestampSigner

from lco import clock, metrics
from lco.bookings.holdings import Holding
from lco.doctor import Finding, configuration
from lco.doctor.findings import warning
from lco.domain.booking import Booking, State
from lco.domain.wish import Wanted
from lco.errors import NotFound
from lco.mail.outbox import Counts
from lco.services import Services
from lco.web import htmx
from lco.web.clients import client_address, warnings
from lco.web.extensions import current_services
from lco.web.filters import pluralize
from lco.web.rate_limits import SIGN_INS
from lco.web.responses import PRIVATE
from lco.webhooks.inbox import Outcome, Overview

blueprint = Blueprint("ops", __name__)

COOKIE = "lco_ops"
SIGNED_IN_FOR = 8 * 3600
"""Seconds: a working day."""
UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


class Deliveries(NamedTuple):
    """Webhooks that were not applied, since the server was started, by reason."""

    repeated: int
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """Everything on the page, read at the instant `at`."""

    at: datetime
    odoo_read: datetime | None
    odoo_answers: bool
    odoo_problem: str
    """The reason why Odoo was not reached the last time."""
    inbox: Overview
    deliveries: Deliveries
    bookings: Mapping[State, int]
    needing: list[Booking]
    unconfirmed: list[Holding]
    """Machines with many days to come that are not confirmed."""
    wanted: list[Wanted]
    """The days that customers wanted and did not get, by machine and week."""
    mails: Counts
    streams: int
    findings: list[Finding]
    """The findings of the doctor in the settings, and the warnings that requests have caused."""
    redis_answers: bool | None
    """None without a Redis."""


@blueprint.get("/ops")
def show() -> Response:
    """`GET /ops`: the page, or its changing part for htmx; 401 with the form to sign in for others; not cached.

    404 without OPS_TOKEN.
    """
    if not _is_staff():
        return _login_page()
    template = "partials/ops.html" if htmx.wants_fragment() else "pages/ops.html"
    now = site_status(current_services(), warnings())
    page = render_template(template, status=now, ago=lambda then: ago(now.at - then), address=request.path)
    return make_response(page, PRIVATE)


@blueprint.post("/ops/login")
def login() -> Response:
    """`POST /ops/login` with `token`: 303 and a signed cookie for SIGNED_IN_FOR; 422, 429; not cached.

    404 without OPS_TOKEN.
    """
    expected = _token()
    if not _is_equal(request.form.get("token", ""), expected):
        SIGN_INS.hit(client_address())
        return _login_page("This is not the token that the site was started with.")
    response = make_response(redirect("/ops", 303), PRIVATE)
    is_secure = current_services().settings.site_url.startswith("https:")
    response.set_cookie(
        COOKIE,
        _signer(expected).sign("staff").decode(),
        max_age=SIGNED_IN_FOR,
        path="/ops",
        secure=is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


@blueprint.post("/ops/logout")
def logout() -> Response:
    """`POST /ops/logout`: 303 to the form, and the cookie is deleted; 404 without OPS_TOKEN; not cached."""
    _token()
    response = make_response(redirect("/ops", 303), PRIVATE)
    response.delete_cookie(COOKIE, path="/ops", httponly=True, samesite="Strict")
    return response


def ago(age: timedelta) -> str:
    """`just now`, `5 minutes ago`, `1 hour ago`, `3 days ago`: as people read it, rounded down."""
    seconds = age.total_seconds()
    for length, noun in UNITS:
        if seconds >= length:
            return f"{pluralize(int(seconds // length), noun)} ago"
    return "just now"


def site_status(services: Services, seen: Sequence[str] = ()) -> SiteStatus:
    """The state of the site now; `seen` are warnings that requests have caused. Raises DatabaseUnavailable."""
    odoo = services.odoo.transport
    return SiteStatus(
        at=clock.now(),
        odoo_read=odoo.last_success,
        odoo_answers=not odoo.breaker.is_open,
        odoo_problem=odoo.last_failure,
        inbox=services.inbox.overview(),
        deliveries=_deliveries(),
        bookings=services.bookings.admin.counts(),
        needing=services.bookings.admin.needing_attention(),
        unconfirmed=services.bookings.admin.many_unconfirmed(clock.today(services.settings.timezone)),
        wanted=services.wishes.wanted(),
        mails=services.outbox.counts(),
        streams=int(sum(value for _, value in metrics.samples(metrics.streams))),
        findings=[
            *(warning("requests", sentence) for sentence in seen),
            *configuration.examine(services.settings, os.environ),
        ],
        redis_answers=services.changes.is_available if services.settings.redis_url else None,
    )


def _is_staff() -> bool:
    """Whether the request carries the token as `Authorization: Bearer …`, or the cookie of a sign-in."""
    expected = _token()
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _is_equal(bearer.strip(), expected)
    try:
        return bool(_signer(expected).unsign(request.cookies.get(COOKIE, ""), max_age=SIGNED_IN_FOR))
    except BadSignature:
        return False


def _token() -> str:
    """The token that the settings hold. Raises NotFound without one."""
    token = current_services().settings.ops_token
    if not token:
        raise NotFound
    return token


def _is_equal(given: str, expected: str) -> bool:
    """Compare in constant time, so that the time taken tells nothing of the token."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _signer(token: str) -> TimestampSigner:
    """Return the signer of sign-ins. The token is the key, so that a new token ends all of them."""
    return TimestampSigner(token, salt="lco.ops")


def _login_page(error: str = "") -> Response:
    status = 422 if error else 401
    return make_response(render_template("pages/ops_login.html", error=error), status, PRIVATE)


def _deliveries() -> Deliveries:
    by_outcome: dict[str, int] = {}
    for labels, value in metrics.samples(metrics.webhooks):
        by_outcome[labels["outcome"]] = by_outcome.get(labels["outcome"], 0) + int(value)
    refused = {outcome: count for outcome, count in by_outcome.items() if outcome not in set(Outcome)}
    return Deliveries(by_outcome.get(Outcome.DUPLICATE, 0), refused)
