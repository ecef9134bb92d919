"""The shop: every service, built once from the settings and wired together."""

from dataclasses import dataclass
from typing import NamedTuple

from lco.availability.service import Availability
from lco.bookings.service import Bookings
from lco.caching.swr import Freshness, Shelf, Turn
from lco.catalogue.pictures import Pictures
from lco.catalogue.removed import Removed
from lco.catalogue.service import Catalogue
from lco.changes.log import ChangeLog, MemoryLog
from lco.db.database import Store
from lco.mail.outbox import Outbox
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport
from lco.settings import Settings
from lco.webhooks.inbox import Inbox


class Together(NamedTuple):
    """What several processes share: news, answers of Odoo, and whose turn it is to ask it."""

    changes: ChangeLog
    shelf: Shelf
    turn: Turn


@dataclass(frozen=True)
class Shop:
    """What blueprints, regions and commands may call."""

    settings: Settings
    changes: ChangeLog
    store: Store
    odoo: OdooClient
    freshness: Freshness
    catalogue: Catalogue
    availability: Availability
    pictures: Pictures
    bookings: Bookings
    inbox: Inbox
    mails: Outbox


def build(settings: Settings, shelf: Shelf | None = None, together: Together | None = None) -> Shop:
    """The shop that `settings` describe; `shelf` keeps the last good answers of Odoo over restarts.

    With `together` there are other processes like this one. Pictures stay on the shelf: they would fill a Redis.
    """
    changes = together.changes if together else MemoryLog()
    store = Store(settings.database_url)
    odoo = OdooClient(Transport(settings.odoo_url, settings.odoo_api_key))
    on_shelf = Freshness(shelf)
    freshness = Freshness(together.shelf, turn=together.turn) if together else on_shelf
    removed = Removed(together.shelf if together else shelf)
    availability = Availability(odoo, freshness, settings.timezone)
    catalogue = Catalogue(odoo, freshness, availability, changes, removed)
    mails = Outbox(store)
    bookings = Bookings(store, odoo, catalogue, availability, changes, mails, settings.timezone)
    return Shop(
        settings=settings,
        changes=changes,
        store=store,
        odoo=odoo,
        freshness=freshness,
        catalogue=catalogue,
        availability=availability,
        pictures=Pictures(odoo, on_shelf),
        bookings=bookings,
        inbox=Inbox(store, catalogue, bookings),
        mails=mails,
    )
