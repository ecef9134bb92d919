"""The names in the change log: types of events, and the topics that regions of pages subscribe to."""

from enum import StrEnum

CATALOGUE = "catalogue"
"""The set of vehicles for rent has grown."""
ODOO = "odoo"
"""Odoo stopped or started answering."""
BUSINESS_DAY = "day"
"""A new business day has begun, the cut-off has passed, or the calendar of the business has changed."""
STOREFRONT = "storefront"
"""The name, the words or the colour of the business have changed. Pages show it when they are loaded again."""
LIVE = "live"
"""This process lost or found the other ones. Entries of this topic concern one process only."""
FOREIGN_BOOKINGS = "bookings"
"""Bookings that were made in Odoo itself. No page of this site shows one."""


class EventType(StrEnum):
    """Every type of event in the change log.

    Those in `PUBLIC_EVENT_TYPES` are part of `/api/events` (docs/odoo-contract.md, section 3). The others concern
    only the pages of this site.
    """

    AVAILABILITY_CHANGED = "availability.changed"
    MAINTENANCE_STATUS = "maintenance.status"
    PRICE_UPDATED = "price.updated"
    VEHICLE_ADDED = "vehicle.added"
    VEHICLE_UPDATED = "vehicle.updated"
    VEHICLE_REMOVED = "vehicle.removed"
    BOOKING_CREATED = "booking.created"
    BOOKING_CONFIRMED = "booking.confirmed"
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_MODIFIED = "booking.modified"

    VEHICLE_CORRECTED = "vehicle.corrected"
    """Pages are brought up to date. The public event came before, or from another process."""
    CATALOGUE_GREW = "catalogue.grew"
    BOOKING_CHANGED = "booking.changed"
    """A step of a booking that is not public."""
    DAY_CHANGED = "day.changed"
    CALENDAR_CHANGED = "calendar.changed"
    STOREFRONT_CHANGED = "storefront.changed"
    ODOO_AWAY = "odoo.away"
    ODOO_BACK = "odoo.back"
    LIVE_AWAY = "live.away"
    LIVE_BACK = "live.back"
    LIVE_JOINED = "live.joined"
    """A mark without a meaning of its own, which moves the ids of the log forward."""


PUBLIC_EVENT_TYPES = frozenset(
    {
        EventType.AVAILABILITY_CHANGED,
        EventType.MAINTENANCE_STATUS,
        EventType.PRICE_UPDATED,
        EventType.VEHICLE_ADDED,
        EventType.VEHICLE_UPDATED,
        EventType.VEHICLE_REMOVED,
        EventType.BOOKING_CREATED,
        EventType.BOOKING_CONFIRMED,
        EventType.BOOKING_CANCELLED,
        EventType.BOOKING_MODIFIED,
    }
)


BOOKING_EVENT_TYPES = frozenset(
    {
        EventType.BOOKING_CREATED,
        EventType.BOOKING_CONFIRMED,
        EventType.BOOKING_CANCELLED,
        EventType.BOOKING_MODIFIED,
        EventType.BOOKING_CHANGED,
    }
)


def vehicle_topic(vehicle_id: int) -> str:
    """Return the topic of everything that pages show of one vehicle."""
    return f"vehicle:{vehicle_id}"


def vehicle_of(topic: str) -> int | None:
    """Return the id of the vehicle that `topic` belongs to. Returns None for every other topic."""
    kind, _, number = topic.partition(":")
    return int(number) if kind == "vehicle" else None


def booking_topic(booking_id: int | str) -> str:
    """Return the topic of one booking's page. `booking_id` is the id of its row."""
    return f"booking:{booking_id}"


def is_booking_topic(topic: str) -> bool:
    """Whether `topic` belongs to one booking's page."""
    return topic.startswith("booking:")
