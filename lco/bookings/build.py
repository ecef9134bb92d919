"""Wire the services of bookings together."""

from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from lco.bookings.admin import BookingAdmin
from lco.bookings.change_sending import ChangeSender, OdooChanges
from lco.bookings.changing import BookingChanges
from lco.bookings.finding import BookingFinder
from lco.bookings.odoo_events import OdooBookingEvents
from lco.bookings.publisher import Availability, BookingPublisher
from lco.bookings.recovery import BookingRecovery
from lco.bookings.repository import MailWriter
from lco.bookings.service import BookingService, Catalogue
from lco.bookings.submission import Contract, Odoo, Submitter
from lco.bookings.sync import BookingSync, Reader
from lco.bookings.unit_of_work import UnitOfWork
from lco.changes.log import ChangeLog
from lco.db import Database


class OdooCalls(Odoo, Reader, OdooChanges, Protocol):
    """All calls of Odoo that bookings need."""


class Bookings(NamedTuple):
    """The services of bookings, one for each kind of caller."""

    service: BookingService
    """For customers: the site's pages and `/api/booking`."""
    events: OdooBookingEvents
    """For the webhook inbox."""
    recovery: BookingRecovery
    """For the scheduler."""
    admin: BookingAdmin
    """For the commands and `/ops`."""
    sync: BookingSync
    """For the scheduler and the inbox: the changes of bookings without a webhook."""
    finder: BookingFinder
    """For customers who have lost the link."""
    changes: BookingChanges
    """For customers who change, extend or cancel."""
    change_sender: ChangeSender
    """For the scheduler: changes without an outcome."""


def build_bookings(  # noqa: PLR0913 - everything that bookings touch
    *,
    db: Database,
    odoo: OdooCalls,
    contract: Contract,
    catalogue: Catalogue,
    availability: Availability,
    changes: ChangeLog,
    mails: MailWriter,
    zone: ZoneInfo,
    max_open_days: int = 0,
) -> Bookings:
    """Return the services of the bookings in `db`; `zone` is the business's time zone.

    One customer may hold `max_open_days` unconfirmed days; 0: any number.
    """
    publisher = BookingPublisher(availability, catalogue, changes)
    uow = UnitOfWork(db, mails, publisher)
    submitter = Submitter(uow, odoo, contract, publisher)
    events = OdooBookingEvents(uow, catalogue, publisher, zone)
    change_sender = ChangeSender(uow, odoo, events, publisher)
    return Bookings(
        BookingService(uow, catalogue, submitter, zone, max_open_days),
        events,
        BookingRecovery(uow, odoo, submitter, zone),
        BookingAdmin(db, mails, publisher),
        BookingSync(uow, odoo, contract, events),
        BookingFinder(uow),
        BookingChanges(uow, contract, change_sender, zone, max_open_days),
        change_sender,
    )
