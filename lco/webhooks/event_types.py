"""The types of Odoo's events (docs/odoo-contract.md, sections 2 and 4.5)."""

from enum import StrEnum


class WebhookType(StrEnum):
    """Every type that this site knows. Others may come, and change nothing.

    Those of the change log have names of their own: see `lco.changes.topics.EventType`.
    """

    BOOKING_CREATED = "booking.created"
    BOOKING_CONFIRMED = "booking.confirmed"
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_MODIFIED = "booking.modified"
    BOOKING_PICKED_UP = "booking.picked_up"
    BOOKING_RETURNED = "booking.returned"
    AVAILABILITY_CHANGED = "vehicle.availability_changed"
    VEHICLE_ADDED = "vehicle.added"
    VEHICLE_UPDATED = "vehicle.updated"
    VEHICLE_REMOVED = "vehicle.removed"
    MAINTENANCE = "vehicle.maintenance"
    PRICE_UPDATED = "price.updated"
    CALENDAR_UPDATED = "calendar.updated"
    STOREFRONT_UPDATED = "storefront.updated"
