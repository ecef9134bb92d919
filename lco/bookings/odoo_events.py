"""Apply Odoo's events about bookings (docs/odoo-contract.md, section 2).

Each event may come twice, late or out of order.
"""

from lco.bookings.mapping import BookingEvent, normalize_reference, single_line
from lco.bookings.publisher import BookingPublisher
from lco.bookings.service import Catalogue
from lco.bookings.unit_of_work import UnitOfWork
from lco.domain.booking import State
from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.errors import LcoError


class OdooBookingEvents:
    """The events that the inbox hands over, one method each. Raises DatabaseUnavailable."""

    def __init__(self, uow: UnitOfWork, catalogue: Catalogue, publisher: BookingPublisher) -> None:
        self._uow = uow
        self._catalogue = catalogue
        self._publisher = publisher

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
        with self._uow() as bookings:
            if bookings.is_known(reference) or not bookings.save_unmatched(reference, news, vehicle_id, email):
                return
            ours = False
            if vehicle_id and email and bookings.may_be_ours(vehicle_id):
                bookings.match_unmatched(vehicle_id, email)
                ours = bookings.is_known(reference) or bookings.is_awaited(vehicle_id, email, days)
        if not ours:
            self._publisher.foreign(reference, news, self._vehicle(vehicle_id))

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
        with self._uow() as bookings:
            known = bookings.by_reference(reference)
            for booking in known:
                bookings.apply_event(booking, news)
            is_new = not known and bookings.save_unmatched(reference, news)
        if is_new:
            self._publisher.foreign(reference, news)

    def _vehicle(self, vehicle_id: int | None) -> tuple[int, str | None] | None:
        """The id and, when the catalogue knows it, the name."""
        if vehicle_id is None:
            return None
        try:
            return vehicle_id, self._catalogue.find(vehicle_id).name
        except LcoError:  # An unknown vehicle, or Odoo away: its page is told by the vehicle's own webhook.
            return vehicle_id, None
