"""The wishes within one transaction: found, added, offered and ended."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Row, Table, bindparam, func, insert, or_, select, update

from lco.db.models import BookingRow
from lco.db.named_lock import lock_name
from lco.db.wishes import WishRow
from lco.domain.booking import ALIVE
from lco.domain.date_range import DateRange
from lco.domain.wish import Ending, Wish, WishMessage, WishState

TABLE = cast("Table", WishRow.__table__)
BOOKINGS = cast("Table", BookingRow.__table__)
LIVE = (WishState.ASKED, WishState.WAITING, WishState.OFFERED)
MOST_RANGES = 50
"""Ranges of days that are looked at for one change of a machine, the first wished for first."""

# Statements on tables, built once: every change of a machine runs the first of them.
QUEUE = (
    select(TABLE.c.date_from, TABLE.c.date_to, func.min(TABLE.c.id).label("first"))
    .where(
        TABLE.c.vehicle_id == bindparam("vehicle_id"),
        TABLE.c.state == WishState.WAITING,
        TABLE.c.date_from >= bindparam("today"),
    )
    .group_by(TABLE.c.date_from, TABLE.c.date_to)
    .order_by(func.min(TABLE.c.id))
    .limit(MOST_RANGES)
)
OFFERED = select(TABLE).where(
    TABLE.c.vehicle_id == bindparam("vehicle_id"),
    TABLE.c.state == WishState.OFFERED,
    TABLE.c.date_from >= bindparam("today"),
)
BY_TOKEN = select(TABLE).where(TABLE.c.token == bindparam("token"))
BY_ID = select(TABLE).where(TABLE.c.id == bindparam("id"))
TURNS = select(TABLE.c.id, TABLE.c.vehicle_id).where(TABLE.c.turn_ends_at <= bindparam("now"))
END_TURN = (
    update(TABLE)
    .where(TABLE.c.id == bindparam("row_id"), TABLE.c.turn_ends_at <= bindparam("now"))
    .values(turn_ends_at=None)
    .returning(TABLE.c.vehicle_id)
)


class Queue(NamedTuple):
    """A range of days that is waited for, and the number of the wish that was there first."""

    days: DateRange
    first: int


class WishRepository:
    """The wishes as `connection` sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, name: str) -> None:
        """Until the transaction ends, no other one works on this name. SQLite has one writer anyway."""
        lock_name(self._connection, f"wishes {name}")

    def by_token(self, token: str) -> Wish | None:
        """The wish with this secret. Returns None without one."""
        row = self._connection.execute(BY_TOKEN, {"token": token}).one_or_none()
        return to_wish(row) if row else None

    def like(self, vehicle_id: int, days: DateRange, email: str) -> bool:
        """Whether this address wishes for the same already."""
        same = (TABLE.c.vehicle_id == vehicle_id, TABLE.c.date_from == days.start, TABLE.c.date_to == days.end)
        query = select(TABLE.c.id).where(TABLE.c.email == email, TABLE.c.state.in_(LIVE), *same)
        return self._connection.execute(query.limit(1)).first() is not None

    def count(self, email: str, since: datetime) -> int:
        """The number of wishes of this address that were asked for since then and are not confirmed."""
        theirs = (TABLE.c.email == email, TABLE.c.state == WishState.ASKED, TABLE.c.created_at > since)
        return self._connection.execute(select(func.count()).where(*theirs)).scalar_one()

    def live(self, email: str) -> int:
        """The number of wishes of this address that have not ended."""
        theirs = (TABLE.c.email == email, TABLE.c.state.in_(LIVE))
        return self._connection.execute(select(func.count()).where(*theirs)).scalar_one()

    def add(  # noqa: PLR0913, PLR0917 - the columns
        self, token: str, vehicle_id: int, vehicle_name: str, days: DateRange, email: str, now: datetime
    ) -> None:
        """Add a wish that asks for its confirmation by mail."""
        values = {
            "token": token,
            "vehicle_id": vehicle_id,
            "vehicle_name": vehicle_name,
            "date_from": days.start,
            "date_to": days.end,
            "email": email,
            "state": WishState.ASKED,
            "created_at": now,
            "message": WishMessage.CONFIRM,
            "message_due_at": now,
            "attempts": 0,
        }
        self._connection.execute(insert(TABLE).values(values))

    def confirm(self, wish: Wish) -> None:
        """Have the wish wait, if its address was still to be confirmed."""
        asked = update(TABLE).where(TABLE.c.id == wish.id, TABLE.c.state == WishState.ASKED)
        self._connection.execute(asked.values(state=WishState.WAITING, message=None, message_due_at=None))

    def end(self, wish: Wish, ending: Ending) -> None:
        """End the wish and forget its address."""
        live = update(TABLE).where(TABLE.c.id == wish.id, TABLE.c.state.in_(LIVE))
        self._connection.execute(live.values(ENDED | {"ending": ending}))

    # The queue of one machine

    def queue(self, vehicle_id: int, today: date) -> list[Queue]:
        """The ranges of days that are waited for, at most MOST_RANGES, the first wished for first."""
        rows = self._connection.execute(QUEUE, {"vehicle_id": vehicle_id, "today": today})
        return [Queue(DateRange(row.date_from, row.date_to), row.first) for row in rows]

    def turns(self, vehicle_id: int, today: date) -> list[DateRange]:
        """The days that are offered to a customer whose turn it still is."""
        rows = self._connection.execute(OFFERED, {"vehicle_id": vehicle_id, "today": today})
        return [DateRange(row.date_from, row.date_to) for row in rows if row.turn_ends_at]

    def offered(self, vehicle_id: int, today: date) -> list[Wish]:
        """The wishes of the machine whose customers were told that it is free."""
        return [
            to_wish(row) for row in self._connection.execute(OFFERED, {"vehicle_id": vehicle_id, "today": today})
        ]

    def by_id(self, wish_id: int) -> Wish:
        """The wish, which must exist."""
        return to_wish(self._connection.execute(BY_ID, {"id": wish_id}).one())

    def offer(self, wish: Wish, now: datetime, until: datetime) -> bool:
        """Offer the days to the customer of a waiting wish, alone until then. False when another was faster."""
        waiting = update(TABLE).where(TABLE.c.id == wish.id, TABLE.c.state == WishState.WAITING)
        mail = {"message": WishMessage.FREE, "message_due_at": now, "attempts": 0}
        offered = waiting.values(state=WishState.OFFERED, turn_ends_at=until, **mail)
        return bool(self._connection.execute(offered).rowcount)

    def withdraw(self, wish: Wish) -> None:
        """Have a wish wait again whose days are not free any more."""
        again = {"state": WishState.WAITING, "turn_ends_at": None, "message": None, "message_due_at": None}
        offered = update(TABLE).where(TABLE.c.id == wish.id, TABLE.c.state == WishState.OFFERED)
        self._connection.execute(offered.values(again))

    def over_turns(self, now: datetime) -> list[int]:
        """The vehicles of turns that are over. Each is given to one process only."""
        due = self._connection.execute(TURNS, {"now": now}).all()
        ended = (self._connection.execute(END_TURN, {"row_id": row.id, "now": now}).scalar() for row in due)
        return sorted({vehicle_id for vehicle_id in ended if vehicle_id is not None})

    def has_booking(self, wish: Wish) -> bool:
        """Whether its customer has a booking of the machine on some of the days."""
        theirs = (
            BOOKINGS.c.vehicle_id == wish.vehicle_id,
            BOOKINGS.c.state.in_(sorted(ALIVE)),
            BOOKINGS.c.date_from < wish.days.end,
            BOOKINGS.c.date_to > wish.days.start,
            func.lower(BOOKINGS.c.customer_email) == wish.email,
        )
        return self._connection.execute(select(BOOKINGS.c.id).where(*theirs).limit(1)).first() is not None

    # All of them

    def vehicles(self) -> Sequence[int]:
        """The machines that are waited for."""
        waiting = select(TABLE.c.vehicle_id).where(TABLE.c.state.in_((WishState.WAITING, WishState.OFFERED)))
        return self._connection.execute(waiting.distinct().order_by(TABLE.c.vehicle_id)).scalars().all()

    def end_begun(self, today: date, unconfirmed_since: datetime) -> None:
        """End the wishes whose first day has come, and those that were never confirmed."""
        begun = or_(
            TABLE.c.date_from <= today,
            (TABLE.c.state == WishState.ASKED) & (TABLE.c.created_at < unconfirmed_since),
        )
        over = update(TABLE).where(TABLE.c.state.in_(LIVE), begun)
        self._connection.execute(over.values(ENDED | {"ending": Ending.BEGUN}))

    def wanted(self, since: date) -> list[tuple[str, date, int]]:
        """Machine, first day and number of the confirmed wishes that brought no booking, from that day on."""
        unmet = or_(
            TABLE.c.state.in_((WishState.WAITING, WishState.OFFERED)),
            TABLE.c.ending.in_((Ending.BEGUN, Ending.STOPPED)),
        )
        columns = (TABLE.c.vehicle_name, TABLE.c.date_from)
        query = select(*columns, func.count()).where(unmet, TABLE.c.date_from >= since).group_by(*columns)
        return [(name, day, number) for name, day, number in self._connection.execute(query)]


ENDED: dict[str, Any] = {
    "state": WishState.ENDED,
    "email": "",
    "turn_ends_at": None,
    "message": None,
    "message_due_at": None,
}


def to_wish(row: Row[*tuple[Any, ...]]) -> Wish:
    """The wish in a row of wishes."""
    return Wish(
        id=row.id,
        token=row.token,
        vehicle_id=row.vehicle_id,
        vehicle_name=row.vehicle_name,
        days=DateRange(row.date_from, row.date_to),
        email=row.email,
        state=WishState(row.state),
        ending=Ending(row.ending) if row.ending else None,
        created_at=row.created_at,
    )
