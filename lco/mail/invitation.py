"""A booking's calendar entry in the form in which mail carries it (iMIP, RFC 6047); pure."""

from datetime import time
from typing import NamedTuple

from icalendar import Calendar, vCalAddress, vText

from lco.bookings.ical import calendar_entry
from lco.domain.booking import Booking, BookingRequest
from lco.settings import Business


class Invitation(NamedTuple):
    """The entry as text, and its method, which the mail's header has to repeat (RFC 6047, 2.4)."""

    method: str
    text: str


def invitation(booking: Booking, business: Business, site_url: str, return_by: time | None = None) -> Invitation:
    """The entry that a mail program puts into the customer's calendar, replaces there, or takes out of it.

    What a page offers for download is published; what is mailed to one person is a REQUEST with an attendee
    (RFC 5546, 3.2.2), or a CANCEL.
    """
    calendar = Calendar.from_ical(calendar_entry(booking, business, site_url, return_by))
    method = "CANCEL" if calendar["METHOD"] == "CANCEL" else "REQUEST"
    calendar["METHOD"] = vText(method)
    (event,) = calendar.walk("VEVENT")
    event["ATTENDEE"] = _attendee(booking.request)
    return Invitation(method, calendar.to_ical().decode())


def _attendee(request: BookingRequest) -> vCalAddress:
    """The customer, who has accepted by booking and is not asked to answer."""
    attendee = vCalAddress(f"mailto:{request.email}")
    attendee.params.update(ROLE=vText("REQ-PARTICIPANT"), PARTSTAT=vText("ACCEPTED"), RSVP=vText("FALSE"))
    if request.name:
        attendee.params["CN"] = vText(request.name)
    return attendee
