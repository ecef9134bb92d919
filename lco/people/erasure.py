"""The rows that name a person, and their erasure: tables only, within one transaction."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, Table, delete, insert, or_, select, update

from lco import clock
from lco.bookings.mapping import sha256
from lco.bookings.recovery import NOT_THERE, TOO_LATE
from lco.bookings.submission import NO_ANSWER, PERHAPS_OURS
from lco.db.change_requests import ChangeRequestRow
from lco.db.mails import Mail
from lco.db.models import BookingChange, BookingRow, Delivery, UnmatchedEventRow
from lco.db.wishes import WishRow
from lco.domain.booking import Actor, Booking

BOOKINGS = cast("Table", BookingRow.__table__)
CHANGES = cast("Table", BookingChange.__table__)
DELIVERIES = cast("Table", Delivery.__table__)
MAILS = cast("Table", Mail.__table__)
REQUESTS = cast("Table", ChangeRequestRow.__table__)
WISHES = cast("Table", WishRow.__table__)
UNMATCHED = cast("Table", UnmatchedEventRow.__table__)

EMPTIED = dict.fromkeys(
    (
        *("customer_name", "customer_email", "customer_phone", "pickup_location", "return_location", "message"),
        *("reason", "odoo_message", "request_digest"),
    ),
    "",
)
"""Columns of a booking that name its customer, or may: Odoo's sentences and the reasons of staff quote people."""
ERASED = "erased"
CONSTANT = (ERASED, "", "modified", NO_ANSWER, PERHAPS_OURS, NOT_THERE, TOO_LATE)
"""The reasons of the audit that are the site's own; all others are, or quote, what people or Odoo wrote."""
SUBJECT = "booking:"
PAGE = 500


class Targets(NamedTuple):
    """The rows of one person, or of some ended bookings, by their ids."""

    bookings: Sequence[int]
    mails: Sequence[int]
    deliveries: Sequence[str]
    events: Sequence[int]


def targets(connection: Connection, email: str, bookings: Sequence[Booking]) -> Targets:
    """The rows about `bookings`, and the webhooks that name `email` unless it is empty."""
    ids = [booking.id for booking in bookings]
    references = [booking.reference for booking in bookings if booking.reference]
    mails = select(MAILS.c.id).where(MAILS.c.booking_id.in_(ids))
    theirs: list[ColumnElement[bool]] = [UNMATCHED.c.reference.in_(references)]
    if email:
        theirs.append(UNMATCHED.c.email_digest == sha256(email.casefold()))
    return Targets(
        ids,
        connection.execute(mails).scalars().all(),
        deliveries_about(connection, email, references),
        connection.execute(select(UNMATCHED.c.id).where(or_(*theirs))).scalars().all(),
    )


def deliveries_about(connection: Connection, email: str, references: Sequence[str]) -> list[str]:
    """The ids of deliveries about one of `references`, or that hold `email` anywhere, unless it is empty."""
    subjects = {f"{SUBJECT}{reference}" for reference in references}
    rows = connection.execute(select(DELIVERIES.c.id, DELIVERIES.c.subject, DELIVERIES.c.payload))
    return [
        row.id
        for row in rows
        if row.payload and (row.subject in subjects or (email and _holds(row.payload, email)))
    ]


def empty(connection: Connection, found: Targets) -> None:
    """Empty what `found` names. Mails and unmatched events go, since nothing of them would be left."""
    for ids in _pages(found.bookings):
        _empty_bookings(connection, ids)
    for ids in _pages(found.mails):
        connection.execute(delete(MAILS).where(MAILS.c.id.in_(ids)))
    for ids in _pages(found.events):
        connection.execute(delete(UNMATCHED).where(UNMATCHED.c.id.in_(ids)))
    for names in _pages(found.deliveries):
        theirs = DELIVERIES.c.id.in_(names)
        # What was not applied yet cannot be any more.
        unapplied = theirs & DELIVERIES.c.applied_at.is_(None)
        connection.execute(update(DELIVERIES).where(unapplied).values(applied_at=clock.now(), result=ERASED))
        connection.execute(update(DELIVERIES).where(theirs).values(payload="", due_at=None))


def forget_wishes(connection: Connection, email: str) -> Sequence[int]:
    """Delete the wishes of `email`. Returns their numbers."""
    theirs = delete(WISHES).where(WISHES.c.email == email.lower())
    return connection.execute(theirs.returning(WISHES.c.id)).scalars().all()


def _empty_bookings(connection: Connection, ids: Sequence[int]) -> None:
    """Empty the rows and the free texts of their audit, and add the step of the audit that says so."""
    theirs = update(BOOKINGS).where(BOOKINGS.c.id.in_(ids)).values(EMPTIED)
    states = connection.execute(theirs.returning(BOOKINGS.c.id, BOOKINGS.c.state)).all()
    asked = REQUESTS.c.booking_id.in_(ids)
    connection.execute(update(REQUESTS).where(asked).values(reason="", sentence=""))
    written = CHANGES.c.booking_id.in_(ids) & CHANGES.c.reason.not_in(CONSTANT)
    connection.execute(update(CHANGES).where(written).values(reason=""))
    step = {"at": clock.now(), "actor": Actor.SITE, "reason": ERASED}
    rows = [step | {"booking_id": id_, "from_state": state, "to_state": state} for id_, state in states]
    connection.execute(insert(CHANGES), rows)


def _pages(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """`ids` in parts that fit into one statement."""
    return (ids[first : first + PAGE] for first in range(0, len(ids), PAGE))


def _holds(payload: str, email: str) -> bool:
    """Whether any text in the JSON of `payload` holds `email`."""
    try:
        return any(email.casefold() in text.casefold() for text in _texts(json.loads(payload)))
    except (ValueError, RecursionError):
        return email.casefold() in payload.casefold()


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value, names of fields included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
