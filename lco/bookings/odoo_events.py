"""What webhooks tell of bookings (contract section 2); each delivery may come twice, late or out of order."""

from typing import Protocol

from lco.bookings.mapping import News, plain, reference_of
from lco.bookings.unit_of_work import BookingRecords
from lco.domain.booking import State
from lco.domain.date_range import Days
from lco.domain.money import Money
from lco.domain.vehicle import Vehicle
from lco.errors import LcoError


class Catalogue(Protocol):
    """What bookings ask of the catalogue: see `lco.catalogue.service.Catalogue`."""

    def find(self, vehicle_id: int) -> Vehicle: ...


class BookingNews(BookingRecords):
    """The part of `Bookings` that listens to Odoo."""

    _catalogue: Catalogue

    def on_created(
        self, reference: str, vehicle_id: int | None, email: str | None, days: Days | None, total: Money | None
    ) -> None:
        """Odoo has made a booking: the one it left us in doubt about, one we know, or one made in Odoo itself."""
        reference = reference_of(reference)
        news = News(State.BOOKED, "", days, total)
        with self._ledger() as ledger:
            if ledger.is_known(reference) or not ledger.keep_for_later(reference, news, vehicle_id, email):
                return
            ours = False
            if vehicle_id and email and ledger.may_be_ours(vehicle_id):
                ledger.settle(vehicle_id, email)
                ours = ledger.is_known(reference) or ledger.is_awaited(vehicle_id, email, days)
        if not ours:
            self._announcer.foreign(reference, news, self._vehicle(vehicle_id))

    def on_confirmed(self, reference: str) -> None:
        """The business has confirmed a booking."""
        self._heard(reference, News(State.CONFIRMED))

    def on_cancelled(self, reference: str, reason: str) -> None:
        """A booking was cancelled; `reason` is shown to its customer and to nobody else."""
        self._heard(reference, News(State.CANCELLED, plain(reason)))

    def on_modified(self, reference: str, days: Days | None, total: Money | None) -> None:
        """A booking was changed in Odoo; None where the webhook does not say how."""
        self._heard(reference, News(None, "", days, total))

    def _heard(self, reference: str, news: News) -> None:
        reference = reference_of(reference)
        with self._ledger() as ledger:
            bookings = ledger.by_reference(reference)
            for booking in bookings:
                ledger.hear(booking, news)
            new = not bookings and ledger.keep_for_later(reference, news)
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
