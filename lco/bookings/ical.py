"""A booking as a calendar entry (RFC 5545, and RFC 5546 for what its method demands); pure."""

from collections.abc import Mapping
from datetime import time

from icalendar import Calendar, Event, vCalAddress, vText

from lco.bookings.mapping import sha256
from lco.domain.booking import Booking, State
from lco.domain.date_text import format_hour, format_weekday_date
from lco.settings import Business

NO_PRICE = "Call for pricing"
STATUS: Mapping[State, str] = {
    State.REQUESTED: "TENTATIVE",
    State.PLACING: "TENTATIVE",
    State.CHECKING: "TENTATIVE",
    State.BOOKED: "TENTATIVE",
    State.CONFIRMED: "CONFIRMED",
}
"""RFC 5545, 3.8.1.11. In every other state nothing is booked, which a calendar learns as CANCELLED."""


def calendar_entry(booking: Booking, business: Business, site_url: str, return_by: time | None = None) -> bytes:
    """The .ics file of `booking`: one all-day event, whose end is the day of return and no part of it.

    `return_by` is the time, by the business's clock, until which the machine is brought back on that day.

    The same booking gives the same UID for ever and a higher SEQUENCE after each change, so that a calendar
    replaces the entry it has.
    """
    status, page = STATUS.get(booking.state, "CANCELLED"), f"{site_url}/bookings/{booking.token}"
    calendar = Calendar()
    calendar.add("prodid", f"-//{business.name}//lco//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if status == "CANCELLED" else "PUBLISH")
    calendar.add_component(_event(booking, status, business, page, return_by))
    return bytes(calendar.to_ical())


def _event(booking: Booking, status: str, business: Business, page: str, return_by: time | None) -> Event:
    event = Event()
    event.add("uid", f"{sha256(booking.token)}@lco")  # neither the secret itself nor a number to guess from
    event.add("sequence", booking.changes)
    event.add("dtstamp", booking.changed_at)
    event.add("dtstart", booking.request.days.start)
    event.add("dtend", booking.request.days.end)
    event.add("status", status)
    event.add("summary", f"Rental: {booking.vehicle_name}")
    event.add("description", _description(booking, business, page, return_by))
    event.add("location", booking.request.pickup_location or business.address)
    event.add("url", page)
    event.add("transp", "TRANSPARENT")
    event["organizer"] = _organizer(business)
    return event


def _description(booking: Booking, business: Business, page: str, return_by: time | None) -> str:
    last = booking.request.days.end
    facts = {
        "Booking number": booking.reference,
        "Total": booking.total or (NO_PRICE if booking.reference else None),
        "Picked up": booking.picked_up_on,
        "Returned": booking.returned_on,
        "Return by": return_by and f"{format_hour(return_by)} on {format_weekday_date(last)}",
        "Return to": booking.request.return_location,
        "Phone": business.phone,
        "Your booking": page,
    }
    return "\n".join(f"{name}: {fact}" for name, fact in facts.items() if fact)


def _organizer(business: Business) -> vCalAddress:
    organizer = vCalAddress(f"mailto:{business.email}")
    organizer.params["CN"] = vText(business.name)
    return organizer
