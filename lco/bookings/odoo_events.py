"""Apply Odoo's events about bookings (docs/odoo-contract.md, sections 2 and 4.5).

Each event may come twice, late or out of order.
"""

import logging
from dataclasses import replace
from zoneinfo import ZoneInfo

from lco import clock
from lco.bookings.mapping import normalize_reference, single_line
from lco.bookings.publisher import BookingPublisher
from lco.bookings.service import Catalogue
from lco.bookings.terms import days_of
from lco.bookings.unit_of_work import UnitOfWork
from lco.db.database import retry_conflicts
from lco.domain.booking import BookingEvent
from lco.errors import LcoError

log = logging.getLogger(__name__)

LONGEST_TEXT = 200


class OdooBookingEvents:
    """The events that the inbox hands over. Raises DatabaseUnavailable."""

    def __init__(self, uow: UnitOfWork, catalogue: Catalogue, publisher: BookingPublisher, zone: ZoneInfo) -> None:
        self._uow = uow
        self._catalogue = catalogue
        self._publisher = publisher
        self._zone = zone

    @retry_conflicts
    def on_created(self, event: BookingEvent) -> None:
        """Odoo has made a booking: one whose result was not known, a known one, or one made in Odoo itself."""
        event = self.completed(event)
        is_ours = False
        with self._uow() as bookings:
            if not bookings.save_unmatched(event):
                return
            if event.vehicle_id and event.email and bookings.may_be_ours(event.vehicle_id):
                bookings.match_unmatched(event.vehicle_id, event.email)
                is_ours = bookings.is_awaited(event.vehicle_id, event.email, days_of(event))
            known = bookings.by_reference(event.reference)
            for booking in known:
                bookings.apply_event(booking, event)
        if not (is_ours or known):
            self._publisher.foreign(event)

    @retry_conflicts
    def on_changed(self, event: BookingEvent) -> None:
        """Odoo has changed a booking: its state, any of its terms, or both."""
        event = self.completed(event)
        with self._uow() as bookings:
            known = bookings.by_reference(event.reference)
            for booking in known:
                bookings.apply_event(booking, event)
            is_new = not known and bookings.save_unmatched(replace(event, email=None))
        if is_new:
            self._publisher.foreign(event)

    def completed(self, event: BookingEvent) -> BookingEvent:
        """The event with clean texts, with the facts of its vehicle, and with the day of its step."""
        day = (event.at or clock.now()).astimezone(self._zone).date() if event.step else None
        return replace(
            self._with_vehicle(event),
            reference=normalize_reference(event.reference),
            reason=single_line(event.reason),
            pickup_location=_clean(event.pickup_location),
            return_location=_clean(event.return_location),
            customer_name=_clean(event.customer_name),
            picked_up_on=event.picked_up_on or (day if event.step == "picked_up" else None),
            returned_on=event.returned_on or (day if event.step == "returned" else None),
        )

    def _with_vehicle(self, event: BookingEvent) -> BookingEvent:
        """The event with the name and the currency of its vehicle, as far as the catalogue knows them."""
        try:
            if event.amount and not event.currency:
                event = replace(event, vehicle_currency=self._catalogue.currency(event.vehicle_id))
            if event.vehicle_id is not None and not event.vehicle_name:
                event = replace(event, vehicle_name=self._catalogue.find(event.vehicle_id).name)
        except LcoError as error:  # an unknown vehicle, or Odoo is unavailable: its own webhook updates its page
            log.info("the vehicle of an event is not known: %s", error.code)
        return event


def _clean(text: str | None) -> str | None:
    return None if text is None else single_line(text, LONGEST_TEXT)
