"""The inbox: every delivery is kept, and one that comes twice under the same id is applied once."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from lco import clock
from lco.errors import LcoError
from lco.store import Store
from lco.store.models import Delivery
from lco.webhooks import handlers
from lco.webhooks.handlers import Bookings, Catalogue, Services
from lco.webhooks.schemas import TEST, Event

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
TRY_AGAIN = timedelta(seconds=5)


class NotApplied(LcoError):
    """The delivery could not be applied now; the sender may send it again under the same id."""

    status = 503
    code = "not_applied"
    message = "We could not take this in just now. Please send it again."


class Outcome(StrEnum):
    """What became of a delivery. To the sender all of these are a success."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"
    TEST = "test"


class Inbox:
    """Deliveries whose signature has been checked."""

    def __init__(self, store: Store, catalogue: Catalogue, bookings: Bookings) -> None:
        self._store = store
        self._services = Services(catalogue, bookings)
        self._turn = threading.Condition()
        self._under_way: set[str] = set()

    def take(self, event: Event, delivery_id: str | None) -> Outcome:
        """Keep the delivery and apply it, unless its id says that this has been done.

        One without an id (the plain signature has none) cannot be known again: it is applied each time, which is
        harmless, because events are hints and handlers look for themselves what is true. Raises NotApplied,
        StoreAway.
        """
        if event.type == TEST:
            return Outcome.TEST
        row_id = delivery_id or str(uuid.uuid4())
        with self._alone_with(row_id):
            if self._is_applied(event, row_id):
                return Outcome.DUPLICATE
            known = self._apply(event)
            self._mark_applied(row_id)
        return Outcome.APPLIED if known else Outcome.UNKNOWN

    def forget_old(self) -> None:
        """Delete deliveries older than KEPT: nobody sends one again after that. Raises StoreAway."""
        with self._store.session() as session:
            session.execute(delete(Delivery).where(Delivery.received_at < clock.now() - KEPT))

    @contextmanager
    def _alone_with(self, row_id: str) -> Iterator[None]:
        """Within the block, no other thread has the same delivery in hand."""
        with self._turn:
            self._turn.wait_for(lambda: row_id not in self._under_way)
            self._under_way.add(row_id)
        try:
            yield
        finally:
            with self._turn:
                self._under_way.discard(row_id)
                self._turn.notify_all()

    def _is_applied(self, event: Event, row_id: str) -> bool:
        """Whether the delivery is there and applied; when it is not there, it is now."""
        try:
            with self._store.session() as session:
                row = session.get(Delivery, row_id)
                if row is None:
                    session.add(_row(event, row_id))
                return row is not None and row.applied_at is not None
        except IntegrityError as error:
            # Another process stored the same delivery between our look and our insert, and is applying it.
            raise NotApplied(retry_after=TRY_AGAIN) from error

    def _apply(self, event: Event) -> bool:
        try:
            return handlers.apply(self._services, event)
        except Exception as error:
            log.exception("a delivery could not be applied: %s", event.type)
            raise NotApplied(retry_after=TRY_AGAIN) from error

    def _mark_applied(self, row_id: str) -> None:
        with self._store.session() as session:
            row = session.get(Delivery, row_id)
            if row:
                row.applied_at = clock.now()


def _row(event: Event, row_id: str) -> Delivery:
    return Delivery(
        id=row_id,
        endpoint=event.endpoint,
        event_type=event.type,
        payload=event.text,
        received_at=clock.now(),
        applied_at=None,
    )
