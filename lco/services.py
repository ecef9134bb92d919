"""The shop: every service, built once from the settings and wired together."""

from dataclasses import dataclass
from typing import NamedTuple

from lco.availability.service import Availability
from lco.bookings.build import Bookings, build_bookings
from lco.caching.swr import CacheBackend, Mutex, StaleWhileRevalidateCache
from lco.catalogue.picture_store import PictureStore
from lco.catalogue.pictures import Pictures
from lco.catalogue.removed import RemovedVehicles
from lco.catalogue.service import Catalogue
from lco.changes.log import ChangeLog, MemoryLog
from lco.db.database import Database
from lco.mail.outbox import Outbox
from lco.odoo.budget import CallBudget
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport
from lco.people.people import People
from lco.settings import Settings
from lco.webhooks.inbox import Inbox


class SharedBackends(NamedTuple):
    """What several processes share: news, answers of Odoo, and whose turn it is to ask it."""

    changes: ChangeLog
    cache: CacheBackend
    lock: Mutex


@dataclass(frozen=True)
class Services:
    """What blueprints, regions and commands may call."""

    settings: Settings
    changes: ChangeLog
    db: Database
    odoo: OdooClient
    cache: StaleWhileRevalidateCache
    catalogue: Catalogue
    availability: Availability
    pictures: Pictures
    bookings: Bookings
    inbox: Inbox
    outbox: Outbox
    call_budget: CallBudget
    people: People


def build_services(
    settings: Settings,
    backend: CacheBackend | None = None,
    shared: SharedBackends | None = None,
    pictures: PictureStore | None = None,
) -> Services:
    """The shop that `settings` describe; `shelf` keeps the last good answers of Odoo over restarts.

    With `together` there are other processes like this one. Pictures stay on the shelf: they would fill a Redis.
    """
    changes = shared.changes if shared else MemoryLog()
    store = Database(settings.database_url)
    odoo = OdooClient(Transport(settings.odoo_url, settings.odoo_api_key))
    cache = (
        StaleWhileRevalidateCache(shared.cache, mutex=shared.lock)
        if shared
        else StaleWhileRevalidateCache(backend)
    )
    removed = RemovedVehicles(shared.cache if shared else backend)
    availability = Availability(odoo, cache, settings.timezone)
    catalogue = Catalogue(odoo, cache, availability, changes, removed)
    mails = Outbox(store)
    bookings = build_bookings(
        db=store,
        odoo=odoo,
        catalogue=catalogue,
        availability=availability,
        changes=changes,
        mails=mails,
        zone=settings.timezone,
        max_open_days=settings.max_open_days,
    )
    return Services(
        settings=settings,
        changes=changes,
        db=store,
        odoo=odoo,
        cache=cache,
        catalogue=catalogue,
        availability=availability,
        pictures=Pictures(odoo, catalogue, pictures or PictureStore(None)),
        bookings=bookings,
        inbox=Inbox(store, catalogue, bookings.events),
        outbox=mails,
        call_budget=CallBudget(),
        people=People(store, bookings.admin, settings),
    )
