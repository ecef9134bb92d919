"""How the site is, for the people of the business: bookings that need them, webhooks, Odoo, mails, streams."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from flask import Blueprint, Response, make_response, render_template, request

from lco import clock, metrics
from lco.domain.booking import Booking, State
from lco.errors import NotFound
from lco.services import Services
from lco.web import htmx
from lco.web.extensions import current_services
from lco.web.filters import pluralize
from lco.webhooks.inbox import Overview

blueprint = Blueprint("ops", __name__)

PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
REPEATED = "duplicate"
TAKEN = frozenset({"applied", "unknown", "test", "kept", REPEATED})


class MailCounts(Protocol):
    """What the mails say of themselves: see `lco.mail.outbox.Counts`."""

    @property
    def waiting(self) -> int: ...

    @property
    def failed(self) -> int: ...


class Deliveries(NamedTuple):
    """Webhooks that were not applied, since the server was started, by reason."""

    repeated: int
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """Everything on the page, read at the instant `at`."""

    at: datetime
    odoo_read: datetime | None
    odoo_away: bool
    inbox: Overview
    deliveries: Deliveries
    bookings: Mapping[State, int]
    needing: list[Booking]
    mails: MailCounts | None
    streams: int
    redis_away: bool | None
    """None without a Redis."""


@blueprint.get("/ops")
def show() -> Response:
    """The page, or its changing part for htmx. Without the right OPS_TOKEN there is no such page."""
    _require_token()
    template = "partials/ops.html" if htmx.wants_fragment() else "pages/ops.html"
    now = site_status(current_services(), _mail_counts())
    page = render_template(template, condition=now, ago=lambda then: ago(now.at - then), address=request.full_path)
    return make_response(page, PRIVATE)


def ago(age: timedelta) -> str:
    """`just now`, `5 minutes ago`, `1 hour ago`, `3 days ago`: as people read it, rounded down."""
    seconds = age.total_seconds()
    for length, noun in UNITS:
        if seconds >= length:
            return f"{pluralize(int(seconds // length), noun)} ago"
    return "just now"


def site_status(services: Services, mails: Callable[[], MailCounts] | None) -> SiteStatus:
    """How the site is now. `mails` counts the mails; None where there are none. Raises DatabaseUnavailable."""
    odoo = services.odoo.transport
    return SiteStatus(
        at=clock.now(),
        odoo_read=odoo.last_success,
        odoo_away=odoo.breaker.is_open,
        inbox=services.inbox.overview(),
        deliveries=_deliveries(),
        bookings=services.bookings.counts(),
        needing=services.bookings.needing_a_person(),
        mails=mails() if mails else None,
        streams=int(sum(value for _, value in metrics.samples(metrics.streams))),
        redis_away=not services.changes.is_available if services.settings.redis_url else None,
    )


def _mail_counts() -> Callable[[], MailCounts] | None:
    outbox = getattr(current_services(), "mails", None)
    return outbox.counts if outbox else None


def _require_token() -> None:
    """Raises NotFound unless the token is given as `Authorization: Bearer …` or as `?token=…`."""
    expected = current_services().settings.ops_token
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    given = bearer.strip() if scheme.lower() == "bearer" else request.args.get("token", "")
    # Compared in constant time, so that nobody can feel the token's way letter by letter.
    if not expected or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise NotFound


def _deliveries() -> Deliveries:
    by_outcome: dict[str, int] = {}
    for labels, value in metrics.samples(metrics.webhooks):
        by_outcome[labels["outcome"]] = by_outcome.get(labels["outcome"], 0) + int(value)
    refused = {outcome: count for outcome, count in by_outcome.items() if outcome not in TAKEN}
    return Deliveries(by_outcome.get(REPEATED, 0), refused)
