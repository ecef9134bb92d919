"""What programs are told: every public event as JSON, once and in order (contract section 3)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lco.changes.log import Change, ChangeId, ChangeLog
from lco.live import sse as wire
from lco.live.send_buffer import Outgoing
from lco.live.subscriptions import Sink

PUBLIC_KINDS = frozenset(
    {
        "availability.changed",
        "vehicle.added",
        "vehicle.updated",
        "vehicle.removed",
        "maintenance.status",
        "price.updated",
        "booking.created",
        "booking.confirmed",
        "booking.cancelled",
        "booking.modified",
    }
)
MOST_REPLAYED = 1000


@dataclass(eq=False, slots=True)
class Program:
    """A stream of events as JSON. `seen` becomes the newest event it has been told of."""

    sink: Sink
    seen: ChangeId


class Programs:
    """All open streams of programs. Not safe for several threads: the hub has only one."""

    def __init__(self, changes: ChangeLog, outgoing: Outgoing) -> None:
        self._changes = changes
        self._outgoing = outgoing
        self._open: dict[Sink, Program] = {}

    def __iter__(self) -> Iterator[Program]:
        return iter(list(self._open.values()))

    def add(self, program: Program) -> None:
        """Keep `program`, and tell it what it has missed; when that is too much, to start over."""
        self._open[program.sink] = program
        entries = self._changes.since(program.seen)
        if entries is None or len(entries) > MOST_REPLAYED:
            self._resync(program)
        elif missed := _public(entries):
            self._outgoing.add([program.sink], b"".join(map(wire.event, missed)))
            program.seen = missed[-1].id

    def remove(self, sink: Sink) -> None:
        """Forget the program, if it is known."""
        self._open.pop(sink, None)

    def tell(self, changes: Sequence[Change]) -> None:
        """Tell everybody the public ones of `changes`, except who knows them."""
        for change in _public(changes) if self._open else ():
            late = [program for program in self._open.values() if change.id > program.seen]
            for program in late:
                program.seen = change.id
            self._outgoing.add([program.sink for program in late], wire.event(change))

    def start_over(self) -> None:
        """Tell everybody that something may have been missed."""
        for program in self:
            self._resync(program)

    def _resync(self, program: Program) -> None:
        program.seen = head = self._changes.head()
        self._outgoing.add([program.sink], wire.notice("resync", head, head))


def _public(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.kind in PUBLIC_KINDS]
