"""What programs are told: every public event as JSON, once and in order (contract section 3)."""

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
    """A stream of events as JSON. `seen` becomes the newest event it has been told of."""

    connection: Connection
    last_event_id: ChangeId


class EventFeed:
    """All open streams of programs. Not safe for several threads: the hub has only one."""

    def __init__(self, changes: ChangeLog, send_buffer: SendBuffer) -> None:
        self._changes = changes
        self._send_buffer = send_buffer
        self._open: dict[Connection, FeedSubscription] = {}

    def __iter__(self) -> Iterator[FeedSubscription]:
        return iter(list(self._open.values()))

    def add(self, program: FeedSubscription) -> None:
        """Keep `program`, and tell it what it has missed; when that is too much, to start over."""
        self._open[program.connection] = program
        entries = self._changes.since(program.last_event_id)
        if entries is None or len(entries) > MAX_REPLAYED:
            self._resync(program)
        elif missed := _public(entries):
            self._send_buffer.add([program.connection], b"".join(map(sse.event, missed)))
            program.last_event_id = missed[-1].id

    def remove(self, connection: Connection) -> None:
        """Forget the program, if it is known."""
        self._open.pop(connection, None)

    def publish(self, changes: Sequence[Change]) -> None:
        """Tell everybody the public ones of `changes`, except who knows them."""
        for change in _public(changes) if self._open else ():
            late = [program for program in self._open.values() if change.id > program.last_event_id]
            for program in late:
                program.last_event_id = change.id
            self._send_buffer.add([program.connection for program in late], sse.event(change))

    def resync_all(self) -> None:
        """Tell everybody that something may have been missed."""
        for program in self:
            self._resync(program)

    def _resync(self, program: FeedSubscription) -> None:
        program.last_event_id = head = self._changes.head()
        self._send_buffer.add([program.connection], sse.notice("resync", head, head))


def _public(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.kind in PUBLIC_EVENT_TYPES]
