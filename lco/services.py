"""All services, built once from the settings and given to each other."""

from dataclasses import dataclass
from datetime import time
from typing import NamedTuple

from lco.availability.business_day import BusinessDay
from lco.availability.opening import CalendarSource
from lco.availability.rules import RentalRules
from lco.availability.service import Availability
from lco.bookings.build import Bookings, build_bookings
from lco.bookings.states import is_over
from lco.caching.swr import CacheBackend, Mutex, StaleWhileRevalidateCache
from lco.catalogue.business import BusinessSource
from lco.catalogue.events import publish_corrected
from lco.catalogue.picture_store import PictureStore
from lco.catalogue.pictures import Pictures
from lco.catalogue.removed import RemovedVehicles
from lco.catalogue.service import Catalogue
from lco.changes.log import ChangeLog, MemoryLog
from lco.changes.topics import BUSINESS_DAY, EventType
from lco.db.database import Database
from lco.domain.agreement import Agreement
from lco.domain.booking import Booking
from lco.domain.date_range import DateRange
from lco.domain.vehicle import Details
from lco.errors import Gone, NotFound, OdooError
from lco.mail.outbox import Outbox
from lco.odoo.budget import CallBudget
from lco.odoo.client import OdooClient
from lco.odoo.contract import Contract
from lco.odoo.transport import Transport
from lco.people.people import People
from lco.settings import Settings
from lco.webhooks.event_types import WebhookType
from lco.webhooks.handlers import Reloads
from lco.webhooks.inbox import Inbox
from lco.wishes.service import Wishes
from lco.wishes.watcher import WishWatcher


class SharedBackends(NamedTuple):
    """The parts that several processes share: change log, cache, and a lock for each key."""

    changes: ChangeLog
    cache: CacheBackend
    lock: Mutex


@dataclass(frozen=True)
class Services:
    """The services that blueprints, regions and commands may call."""

    settings: Settings
    changes: ChangeLog
    db: Database
    odoo: OdooClient
    cache: StaleWhileRevalidateCache
    catalogue: Catalogue
    business: BusinessSource
    calendar: CalendarSource
    rules: RentalRules
    business_day: BusinessDay
    availability: Availability
    pictures: Pictures
    bookings: Bookings
    inbox: Inbox
    outbox: Outbox
    call_budget: CallBudget
    people: People
    wishes: Wishes
    wish_watcher: WishWatcher

    def alternatives(self, vehicle_id: int, days: DateRange) -> tuple[DateRange, ...]:
        """Return other days of the same length on which the vehicle can be rented; none for one that is gone."""
        vehicle = self.catalogue.vehicles().by_id.get(vehicle_id)
        return self.availability.alternatives(vehicle, days) if vehicle else ()

    def agreement(self, details: Details) -> Agreement | None:
        """Return the terms that a customer of the machine agrees to: the shop's and its own.

        Returns None without any.
        """
        text = self.business.known.terms_html + details.terms_html
        return Agreement(text) if text else None

    def terms(self, vehicle_id: int) -> Agreement | None:
        """Return the same by the machine's number. Raises NotFound, Gone and OdooError."""
        return self.agreement(self.catalogue.details(vehicle_id))

    def has_unticked_terms(self, booking: Booking) -> bool:
        """Whether there are rental terms now and the booking, not yet over, was made without a tick."""
        if is_over(booking) or self.bookings.service.agreement(booking):
            return False
        try:
            return self.terms(booking.request.vehicle_id) is not None
        except (NotFound, Gone, OdooError):
            return False

    def return_time(self, booking: Booking) -> time | None:
        """Return the time until which the machine is brought back.

        Returns None when it is not known, and after the rental.
        """
        return None if is_over(booking) else self.rules.return_by(booking.request.days)


def build_services(
    settings: Settings,
    backend: CacheBackend | None = None,
    shared: SharedBackends | None = None,
    pictures: PictureStore | None = None,
) -> Services:
    """Build all services from `settings`. `backend` keeps the last good answers of Odoo over restarts.

    With `shared` there are other processes of the same site. Pictures stay on the disk: they would fill a Redis.
    """
    changes = shared.changes if shared else MemoryLog()
    db = Database(settings.database_url, settings.database_pool)
    odoo = OdooClient(Transport(settings.odoo_url, settings.odoo_api_key))
    cache = (
        StaleWhileRevalidateCache(shared.cache, mutex=shared.lock)
        if shared
        else StaleWhileRevalidateCache(backend)
    )
    removed = RemovedVehicles(shared.cache if shared else backend)
    calendar = CalendarSource(
        odoo, cache, settings.calendar(), lambda: changes.append(BUSINESS_DAY, EventType.CALENDAR_CHANGED)
    )
    business = BusinessSource(odoo, cache, settings.business, changes)
    rules = RentalRules(calendar.current, settings.timezone)
    availability = Availability(odoo, cache, rules, lambda vehicle_id: publish_corrected(changes, vehicle_id))
    catalogue = Catalogue(odoo, cache, availability, changes, removed)
    mails = Outbox(db)
    bookings = build_bookings(
        db=db,
        odoo=odoo,
        contract=Contract(odoo, has_key=bool(settings.odoo_api_key)),
        catalogue=catalogue,
        availability=availability,
        changes=changes,
        mails=mails,
        zone=settings.timezone,
        max_open_days=settings.max_open_days,
    )
    reloads: Reloads = {
        WebhookType.CALENDAR_UPDATED: calendar.reload,
        WebhookType.STOREFRONT_UPDATED: business.reload,
    }
    return Services(
        settings=settings,
        changes=changes,
        db=db,
        odoo=odoo,
        cache=cache,
        catalogue=catalogue,
        business=business,
        calendar=calendar,
        rules=rules,
        business_day=BusinessDay(RentalRules(calendar.known, settings.timezone), changes),
        availability=availability,
        pictures=Pictures(odoo, catalogue, pictures or PictureStore(None), lambda: business.known.logo),
        bookings=bookings,
        inbox=Inbox(db, catalogue.sync, bookings.events, bookings.sync.read, reloads),
        outbox=mails,
        call_budget=CallBudget(),
        people=People(db, bookings.admin, settings),
        wishes=Wishes(db, catalogue, rules),
        wish_watcher=WishWatcher(
            db=db, changes=changes, catalogue=catalogue, availability=availability, odoo=odoo, rules=rules
        ),
    )
