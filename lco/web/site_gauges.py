"""The gauges that are set when Prometheus reads them: waiting work, bookings for a person, Odoo's last answer."""

from collections.abc import Callable
from datetime import datetime

from lco import background, metrics
from lco.failures import guard
from lco.services import Services
from lco.version import version


def update(services: Services) -> None:
    """Set every gauge of this kind. One that cannot be read keeps its value, and the failure is counted."""
    odoo = services.odoo.transport
    metrics.build_info.labels(version()).set(1)
    metrics.circuit_breaker_open.set(odoo.breaker.is_open)
    metrics.background_waiting.set(background.waiting())
    metrics.last_odoo_read.set(_timestamp(odoo.last_success))
    for read in (_bookings, _mails, _webhooks):
        _guarded(read, services)


def _guarded(read: Callable[[Services], None], services: Services) -> None:
    with guard("metrics"):
        read(services)


def _bookings(services: Services) -> None:
    admin = services.bookings.admin
    metrics.bookings_needing_person.set(len(admin.needing_attention()))
    for state, count in admin.counts().items():
        metrics.bookings_now.labels(state.value).set(count)


def _mails(services: Services) -> None:
    counts = services.outbox.counts()
    metrics.mails_now.labels("waiting").set(counts.waiting)
    metrics.mails_now.labels("failed").set(counts.failed)


def _webhooks(services: Services) -> None:
    seen = services.inbox.overview()
    metrics.webhooks_now.labels("waiting").set(seen.waiting)
    metrics.webhooks_now.labels("failed").set(seen.failed)
    metrics.last_webhook.set(_timestamp(seen.last_received))


def _timestamp(instant: datetime | None) -> float:
    """Seconds since 1970; 0 when it has not happened."""
    return instant.timestamp() if instant else 0.0
