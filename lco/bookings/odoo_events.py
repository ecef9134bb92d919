"""What webhooks tell of bookings (contract section 2); each delivery may come twice, late or out of order."""

from typing import Protocol

from lco.bookings.mapping import BookingEvent, normalize_reference, single_line
from lco.bookings.unit_of_work import BookingRecords
from lco.domain.booking import State
from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.domain.vehicle import Vehicle
from lco.errors import LcoError


class Catalogue(Protocol):
    """What bookings ask of the catalogue: see `lco.catalogue.service.Catalogue`."""

    def find(self, vehicle_id: int) -> Vehicle: ...


class OdooBookingEvents(BookingRecords):
    """The part of `Bookings` that listens to Odoo."""

    _catalogue: Catalogue

    def on_created(
        self,
        reference: str,
        vehicle_id: int | None,
        email: str | None,
        days: DateRange | None,
        total: Money | None,
    ) -> None:
        """Odoo has made a booking: the one it left us in doubt about, one we know, or one made in Odoo itself."""
        reference = normalize_reference(reference)
        news = BookingEvent(State.BOOKED, "", days, total)
        with self._repository() as repository:
            if repository.is_known(reference) or not repository.save_unmatched(reference, news, vehicle_id, email):
                return
            ours = False
            if vehicle_id and email and repository.may_be_ours(vehicle_id):
                repository.match_unmatched(vehicle_id, email)
                ours = repository.is_known(reference) or repository.is_awaited(vehicle_id, email, days)
        if not ours:
            self._announcer.foreign(reference, news, self._vehicle(vehicle_id))

    def on_confirmed(self, reference: str) -> None:
        """The business has confirmed a booking."""
        self._apply(reference, BookingEvent(State.CONFIRMED))

    def on_cancelled(self, reference: str, reason: str) -> None:
        """A booking was cancelled; `reason` is shown to its customer and to nobody else."""
        self._apply(reference, BookingEvent(State.CANCELLED, single_line(reason)))

    def on_modified(self, reference: str, days: DateRange | None, total: Money | None) -> None:
        """A booking was changed in Odoo; None where the webhook does not say how."""
        self._apply(reference, BookingEvent(None, "", days, total))

    def _apply(self, reference: str, news: BookingEvent) -> None:
        reference = normalize_reference(reference)
        with self._repository() as repository:
            bookings = repository.by_reference(reference)
            for booking in bookings:
                repository.apply_event(booking, news)
            new = not bookings and repository.save_unmatched(reference, news)
        if new:
            self._announcer.foreign(reference, news)

    def _vehicle(self, vehicle_id: int | None) -> tuple[int, str | None] | None:
        """The id and, when the catalogue knows it, the name."""
        if vehicle_id is None:
            return None
        try:
            return vehicle_id, self._catalogue.find(vehicle_id).name
        except LcoError:  # An unknown vehicle, or Odoo away: its page is told by the vehicle's own webhook.
            return vehicle_id, None
