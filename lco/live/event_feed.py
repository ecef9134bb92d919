"""Public events as JSON for API clients, once and in order (docs/odoo-contract.md, section 3)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lco.changes.log import Change, ChangeId, ChangeLog
from lco.changes.topics import PUBLIC_EVENT_TYPES
from lco.live import sse
from lco.live.send_buffer import SendBuffer
from lco.live.subscriptions import Connection

MAX_REPLAYED = 1000


@dataclass(eq=False, slots=True)
class FeedSubscription:
    """A stream of events as JSON. `last_event_id` is the newest event that it has."""

    connection: Connection
    last_event_id: ChangeId


class EventFeed:
    """All open streams of API clients. Not safe for several threads: the hub has only one."""

    def __init__(self, changes: ChangeLog, send_buffer: SendBuffer) -> None:
        self._changes = changes
        self._send_buffer = send_buffer
        self._open: dict[Connection, FeedSubscription] = {}

    def __iter__(self) -> Iterator[FeedSubscription]:
        return iter(list(self._open.values()))

    def add(self, subscription: FeedSubscription) -> None:
        """Add `subscription` and send what it has missed, or `resync` when that is too much."""
        self._open[subscription.connection] = subscription
        entries = self._changes.since(subscription.last_event_id)
        if entries is None or len(entries) > MAX_REPLAYED:
            self._resync(subscription)
        elif missed := _public(entries):
            self._send_buffer.add([subscription.connection], b"".join(map(sse.event, missed)))
            subscription.last_event_id = missed[-1].id

    def remove(self, connection: Connection) -> None:
        """Forget the subscription of `connection`, if there is one."""
        self._open.pop(connection, None)

    def publish(self, changes: Sequence[Change]) -> None:
        """Send the public ones of `changes` to each subscription that does not have them."""
        for change in _public(changes) if self._open else ():
            behind = [
                subscription for subscription in self._open.values() if change.id > subscription.last_event_id
            ]
            for subscription in behind:
                subscription.last_event_id = change.id
            self._send_buffer.add([subscription.connection for subscription in behind], sse.event(change))

    def resync_all(self) -> None:
        """Send `resync` to all clients: they may have missed events."""
        for subscription in self:
            self._resync(subscription)

    def _resync(self, subscription: FeedSubscription) -> None:
        subscription.last_event_id = head = self._changes.head()
        self._send_buffer.add([subscription.connection], sse.notice("resync", head, head))


def _public(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.kind in PUBLIC_EVENT_TYPES]
