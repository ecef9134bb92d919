"""The change requests within one transaction: found, added, claimed and settled."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Row, Table, bindparam, insert, select, update

from lco import clock
from lco.bookings.mapping import single_line
from lco.db.change_requests import ChangeRequestRow
from lco.domain.change import ChangeRefusal, ChangeRequest, ChangeState, WantedChange
from lco.domain.date_range import DateRange

TABLE = cast("Table", ChangeRequestRow.__table__)
IS_SENDING = TABLE.c.state == ChangeState.SENDING
BY_KEY = select(TABLE).where(TABLE.c.key_digest == bindparam("digest"))
BY_ID = select(TABLE).where(TABLE.c.id == bindparam("id"))
PENDING = select(TABLE).where(TABLE.c.booking_id == bindparam("booking_id"), IS_SENDING)
DUE = select(TABLE.c.id, TABLE.c.due_at).where(TABLE.c.due_at <= bindparam("now"), IS_SENDING).order_by(TABLE.c.id)
CLAIM = (
    update(TABLE)
    .where(TABLE.c.id == bindparam("seen_id"), TABLE.c.due_at == bindparam("seen_at"), IS_SENDING)
    .values(due_at=bindparam("until_at"), tries=TABLE.c.tries + 1)
    .returning(*TABLE.c)
)
SETTLE = update(TABLE).where(TABLE.c.id == bindparam("row_id"))


class DueChange(NamedTuple):
    """A request that is due, as it was when it was found."""

    id: int
    at: datetime


class ChangeRequests:
    """The change requests as `connection` sees them. Lock the booking's row before changing one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_key(self, key_digest: str) -> ChangeRequest | None:
        """The request with this key. Returns None when there is none."""
        row = self._connection.execute(BY_KEY, {"digest": key_digest}).one_or_none()
        return to_change_request(row) if row else None

    def by_id(self, change_id: int) -> ChangeRequest:
        """The request, which must exist."""
        return to_change_request(self._connection.execute(BY_ID, {"id": change_id}).one())

    def pending(self, booking_id: int) -> ChangeRequest | None:
        """The request of this booking whose outcome is not known yet. Returns None when there is none."""
        row = self._connection.execute(PENDING, {"booking_id": booking_id}).one_or_none()
        return to_change_request(row) if row else None

    def add(self, booking_id: int, wanted: WantedChange, key_digest: str, lease: timedelta) -> ChangeRequest:
        """Add a request that is being sent, leased to the caller."""
        now = clock.now()
        values = {
            "booking_id": booking_id,
            "key_digest": key_digest,
            "date_from": wanted.days and wanted.days.start,
            "date_to": wanted.days and wanted.days.end,
            "version": wanted.version,
            "reason": wanted.reason,
            "state": ChangeState.SENDING,
            "sentence": "",
            "created_at": now,
            "tries": 1,
            "due_at": now + lease,
        }
        return to_change_request(self._connection.execute(insert(TABLE).values(values).returning(*TABLE.c)).one())

    def send_again(self, change: ChangeRequest, lease: timedelta) -> ChangeRequest:
        """Begin anew with a request that did not reach Odoo."""
        now = clock.now()
        self._update(change.id, state=ChangeState.SENDING, refusal=None, created_at=now, due_at=now + lease)
        return self.by_id(change.id)

    def due(self, now: datetime) -> list[DueChange]:
        """The due requests, oldest first. None of them is claimed."""
        return [DueChange(id_, at) for id_, at in self._connection.execute(DUE, {"now": now})]

    def claim(self, due: DueChange, until: datetime) -> ChangeRequest | None:
        """The request, leased until then. Returns None when another process was faster, or it is settled."""
        seen = {"seen_id": due.id, "seen_at": due.at, "until_at": until}
        row = self._connection.execute(CLAIM, seen).one_or_none()
        return to_change_request(row) if row else None

    def postpone(self, change: ChangeRequest, due_at: datetime) -> None:
        """Have the request sent again then."""
        self._update(change.id, due_at=due_at)

    def settle(
        self,
        change: ChangeRequest,
        refusal: ChangeRefusal | None = None,
        sentence: str = "",
        until: datetime | None = None,
    ) -> ChangeRequest:
        """The request as done, or as refused for `refusal`."""
        state = ChangeState.REFUSED if refusal else ChangeState.DONE
        said = single_line(sentence)
        self._update(change.id, state=state, refusal=refusal, sentence=said, until=until, due_at=None)
        return self.by_id(change.id)

    def _update(self, change_id: int, **values: object) -> None:
        self._connection.execute(SETTLE, {"row_id": change_id} | values)


def to_change_request(row: Row[*tuple[Any, ...]]) -> ChangeRequest:
    """The request in a row of change_requests."""
    days = DateRange(row.date_from, row.date_to) if row.date_from and row.date_to else None
    return ChangeRequest(
        id=row.id,
        booking_id=row.booking_id,
        key_digest=row.key_digest,
        wanted=WantedChange(days, row.version, row.reason),
        state=ChangeState(row.state),
        refusal=ChangeRefusal(row.refusal) if row.refusal else None,
        sentence=row.sentence,
        until=row.until,
        created_at=row.created_at,
        tries=row.tries,
    )
