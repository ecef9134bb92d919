"""A booking as an entry of a calendar (iCalendar, RFC 5545)."""

from datetime import timedelta

import pytz
from odoo import models


class FleetRentalIcalendarEvent(models.AbstractModel):
    """An event from its first day to the day of return."""

    _name = "fleet.rental.icalendar.event"
    _description = "Booking in a calendar"

    def _write_into(self, calendar):
        states = dict(self._fields["state"]._description_selection(self.env))
        event = calendar.add("vevent")
        event.add("uid").value = f"{self.reference}@{self.get_base_url().split('://')[-1]}"
        event.add("dtstamp").value = self.write_date.replace(tzinfo=pytz.UTC)
        event.add("dtstart").value = self.date_from
        event.add("dtend").value = self.date_to + timedelta(days=1)  # its end is not in a day of iCalendar
        event.add("sequence").value = str(self.version)
        event.add("status").value = "TENTATIVE" if self.state == "draft" else "CONFIRMED"
        event.add("summary").value = f"{self.display_name} ({states[self.state]})"
        event.add("description").value = "\n".join(filter(None, (self.reference, self.customer_phone)))
