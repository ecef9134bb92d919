"""Keys of Odoo's answers about days in the cache. A prefix ends with a colon: see the cache's `invalidate`."""

from lco.domain.date_range import DateRange

VEHICLES = "availability:"
"""The prefix of the answers about the days of single vehicles."""
FREE = "free:"
"""The prefix of the lists of vehicles that are free on given days."""


def vehicle_prefix(vehicle_id: int) -> str:
    """Return the prefix of the answers about the days of one vehicle."""
    return f"{VEHICLES}{vehicle_id}:"


def quote_key(vehicle_id: int, days: DateRange) -> str:
    """Return the key of the price of `days`."""
    return f"{vehicle_prefix(vehicle_id)}quote:{days.start}:{days.end}"


def own_key(vehicle_id: int, days: DateRange) -> str:
    """Return the key of the days that only the booking of `days` keeps."""
    return f"{vehicle_prefix(vehicle_id)}own:{days.start}:{days.end}"


def taken_key(vehicle_id: int, days: DateRange) -> str:
    """Return the key of the taken ones of `days`."""
    return f"{vehicle_prefix(vehicle_id)}taken:{days.start}:{days.end}"


def busy_prefix(vehicle_id: int) -> str:
    """Return the prefix of the taken days of the whole calendar, each from another first day on."""
    return f"{vehicle_prefix(vehicle_id)}busy:"


def free_key(days: DateRange) -> str:
    """Return the key of the list of vehicles that are free on all of `days`."""
    return f"{FREE}{days.start}:{days.end}"
