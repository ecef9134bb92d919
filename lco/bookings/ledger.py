"""The bookings within one transaction: found, added, and moved from state to state with an audit row each."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, or_, select
from sqlalchemy.orm import Session

from lco import clock
from lco.availability.days import Days
from lco.bookings import rules
from lco.bookings.booking import Booking, BookingRequest, Placed, Refusal, State
from lco.bookings.rows import News, booking_of, days_of, new_row, news_of, set_answer, set_total, sha256, total_of
from lco.money import Money
from lco.store.models import BookingChange, BookingRow, EarlyNews

EARLY_NEWS_KEPT = timedelta(days=1)


class Ledger:
    """The bookings as `session` sees them. `steps` collects what to tell the change log after the commit."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.steps: list[tuple[Booking, str]] = []

    # Finding: what may be changed afterwards is locked until the transaction ends

    def by_token(self, token: str) -> BookingRow | None:
        return self._session.scalar(select(BookingRow).where(BookingRow.token == token))

    def by_key(self, key: str) -> BookingRow | None:
        return self._session.scalar(_locked(BookingRow.key_digest == sha256(key)))

    def by_id(self, booking_id: int) -> BookingRow:
        return self._session.scalars(_locked(BookingRow.id == booking_id)).one()

    def by_reference(self, reference: str) -> Sequence[BookingRow]:
        return self._session.scalars(_locked(BookingRow.reference == reference)).all()

    def placing(self) -> Sequence[BookingRow]:
        return self._session.scalars(_locked(BookingRow.state == State.PLACING)).all()

    def checking(self, since: datetime, until: datetime) -> Sequence[BookingRow]:
        """Reservations that came into checking in this time; only a reservation is sure to take its dates."""
        return self._session.scalars(
            _locked(
                BookingRow.state == State.CHECKING,
                BookingRow.kind == "reservation",
                BookingRow.changed_at.between(since, until),
            )
        ).all()

    def is_awaited(self, vehicle_id: int, email: str, days: Days | None) -> bool:
        """Whether a booking like this one is being placed, so that Odoo's answer will say whose it is."""
        return any(row.state == State.PLACING for row in self._perhaps_made(vehicle_id, email, days))

    def _perhaps_made(self, vehicle_id: int, email: str, days: Days | None) -> list[BookingRow]:
        """The bookings that Odoo may have made, oldest first; those given up for free dates come last."""
        in_doubt = or_(BookingRow.state.in_(rules.OPEN), BookingRow.refusal == Refusal.NOT_MADE)
        rows = self._session.scalars(_locked(BookingRow.vehicle_id == vehicle_id, in_doubt))
        same_mail = [row for row in rows if row.customer_email.casefold() == email.casefold()]
        fitting = [row for row in same_mail if days in {None, days_of(row)}]
        return sorted(fitting, key=lambda row: (row.refusal is not None, row.id))

    def _told_of(self, vehicle_id: int, email: str) -> Sequence[EarlyNews]:
        """Bookings that Odoo told of and that no booking here is known to be."""
        claimed = select(BookingRow.id).where(BookingRow.reference == EarlyNews.reference).exists()
        return self._session.scalars(
            select(EarlyNews)
            .where(EarlyNews.vehicle_id == vehicle_id, EarlyNews.email_digest == _digest(email), ~claimed)
            .order_by(EarlyNews.id)
        ).all()

    # Changing

    def add(self, request: BookingRequest, key: str, vehicle_name: str) -> BookingRow:
        """A new booking in state requested. Raises sqlalchemy's IntegrityError when the key is already stored."""
        row = new_row(request)
        row.token = secrets.token_urlsafe(24)
        row.key_digest = sha256(key)
        row.vehicle_name = vehicle_name
        row.created_at = row.changed_at = clock.now()
        row.state = State.REQUESTED
        self._session.add(row)
        self._session.flush()
        self._record(row, None, "customer", "")
        return row

    def remove(self, row: BookingRow) -> None:
        """Forget a booking that was never sent to Odoo and that nobody has been told of."""
        self._session.delete(row)

    def move(
        self, row: BookingRow, state: State, actor: str, reason: str = "", refusal: Refusal | None = None
    ) -> None:
        """The only place where a state changes. Raises ValueError for a step that `rules.ALLOWED` lacks.

        `reason` is kept with the step; of a booking that has ended the customer reads it too.
        """
        before = State(row.state)
        if not rules.allowed(before, state):
            raise ValueError(f"a booking cannot go from {before} to {state}")
        row.state, row.refusal = state, refusal
        row.reason = reason if state in rules.ENDED else ""
        row.changes += before in rules.SHOWN
        row.changed_at = clock.now()
        self._record(row, before, actor, reason)
        self.steps.append((booking_of(row), rules.kind(state)))

    def accept(self, row: BookingRow, placed: Placed, actor: str) -> None:
        """Odoo has made this booking: write down what it says, and apply the news that came before."""
        set_answer(row, placed)
        if rules.allowed(State(row.state), State.BOOKED):
            self.move(row, State.BOOKED, actor)
        for news in self._early_news(row.reference):
            self.hear(row, news)

    def hear(self, row: BookingRow, news: News) -> None:
        """Apply what a webhook says, as far as it is new."""
        if news.state and rules.allowed(State(row.state), news.state):
            self.move(row, news.state, "webhook", news.reason)
        if news.says_nothing:
            self.steps.append((booking_of(row), rules.MODIFIED))
        if news.days not in {None, days_of(row)} or news.total not in {None, total_of(row)}:
            self._modify(row, news.days or days_of(row), news.total or total_of(row))

    def settle(self, vehicle_id: int, email: str) -> None:
        """Bookings in checking become those that Odoo told of, where vehicle, mail and days agree.

        While one like it is being placed, nothing is decided: Odoo's answer will say whose booking it is.
        """
        for told in self._told_of(vehicle_id, email):
            rows = self._perhaps_made(vehicle_id, email, news_of(told).days)
            if rows and all(row.state != State.PLACING for row in rows):
                self.accept(rows[0], Placed(told.reference, None, "", total_of(told)), "webhook")

    def keep_for_later(
        self, reference: str, news: News, vehicle_id: int | None = None, email: str | None = None
    ) -> bool:
        """Remember news of a reference nobody knows: its booking may be being placed this moment.

        False when the same had been heard before.
        """
        if news in self._early_news(reference):
            return False
        now = clock.now()
        self._session.execute(delete(EarlyNews).where(EarlyNews.received_at < now - EARLY_NEWS_KEPT))
        early = EarlyNews(reference=reference, received_at=now, state=news.state, reason=news.reason)
        early.vehicle_id, early.email_digest = vehicle_id, _digest(email) if email else None
        early.date_from, early.date_to = (news.days.start, news.days.end) if news.days else (None, None)
        set_total(early, news.total)
        self._session.add(early)
        self._session.flush()
        return True

    def _early_news(self, reference: str | None) -> list[News]:
        known = select(EarlyNews).where(EarlyNews.reference == reference).order_by(EarlyNews.id)
        return [news_of(row) for row in self._session.scalars(known)]

    def _modify(self, row: BookingRow, days: Days, total: Money | None) -> None:
        row.date_from, row.date_to = days.start, days.end
        set_total(row, total)
        row.changes += 1
        row.changed_at = clock.now()
        self._record(row, State(row.state), "webhook", "modified")
        self.steps.append((booking_of(row), rules.MODIFIED))

    def _record(self, row: BookingRow, before: State | None, actor: str, reason: str) -> None:
        self._session.add(
            BookingChange(
                booking_id=row.id,
                at=row.changed_at,
                actor=actor,
                from_state=before,
                to_state=row.state,
                reason=reason,
            )
        )


def _locked(*conditions: ColumnElement[bool]) -> Select[BookingRow]:
    return select(BookingRow).where(*conditions).order_by(BookingRow.id).with_for_update()


def _digest(email: str) -> str:
    return sha256(email.casefold())
