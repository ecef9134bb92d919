"""The hub: from the change log to every open stream, each region rendered once however many pages show it."""

import logging
import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from lco import metrics
from lco.live import announcements, rendering, wire
from lco.live.log import Change, ChangeId, ChangeLog
from lco.live.places import Places
from lco.live.rendering import Context, Rendered, SlowRegions
from lco.live.streams import Page, Pages, Program, Region, Sink

log = logging.getLogger(__name__)

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


@dataclass(frozen=True, slots=True)
class _Left:
    sink: Sink


class _Closed:
    """The order to end every stream."""


_Item = Change | Page | Program | _Left | Rendered | _Closed


@dataclass(slots=True)
class _News:
    """What a page is to be told at once: regions by name, and sentences. Dicts, because they keep their order."""

    names: dict[str, None] = field(default_factory=dict)
    sentences: dict[str, None] = field(default_factory=dict)


class Hub:
    """All streams of one process, served by one thread, which alone touches them: so their order is plain.

    `context` opens what regions need to be rendered without a request. Whatever happens comes through one queue;
    all that waits there is handled together, so a burst of changes renders each region once.
    """

    def __init__(self, context: Context, changes: ChangeLog, places: Places | None = None) -> None:
        self.places = places or Places()
        self._context = context
        self._changes = changes
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._started = False
        self._closed = False
        self._pages = Pages()
        self._programs: dict[Sink, Program] = {}
        self._slow = SlowRegions(context, self._queue.put)
        self._pieces: dict[str, bytes | None] = {}
        self._messages: dict[object, bytes] = {}

    @property
    def open_streams(self) -> int:
        return self.places.taken

    def show(self, sink: Sink, regions: Iterable[Region], seen: ChangeId | None, *, resumed: bool = False) -> None:
        """Keep `regions` right at the other end of `sink`, starting with what changed after `seen`.

        Without `seen`, or when the log no longer reaches back to it, with all of them.
        """
        self._enter(Page(sink, {region.name: region for region in regions}, seen, resumed))

    def tell(self, sink: Sink, seen: ChangeId) -> None:
        """Send every public event after `seen` to `sink`, as JSON."""
        self._enter(Program(sink, seen))

    def leave(self, sink: Sink) -> None:
        """Forget a stream that has ended."""
        self._queue.put(_Left(sink))

    def close(self) -> None:
        """End every stream, now and later. Returns at once, so that a signal handler may call it."""
        self._queue.put(_Closed())

    def _enter(self, stream: Page | Program) -> None:
        with self._starting:
            if not self._started:
                self._started = True
                self._changes.listen(self._queue.put)
                threading.Thread(target=self._run, name="hub", daemon=True).start()
        self._queue.put(stream)

    # From here on: the hub's own thread

    def _run(self) -> None:
        while True:
            items = [self._queue.get()]
            # Under gevent, this lets those run that have more to say, and those that send what was said.
            time.sleep(0)
            while not self._queue.empty():
                items.append(self._queue.get())
            try:
                self._handle(items)
            except Exception:
                metrics.background_failures.labels("hub").inc()
                log.exception("the hub failed; all streams are closed, so that pages ask for the present state")
                self._end_all()

    def _handle(self, items: list[_Item]) -> None:
        self._pieces.clear()
        self._messages.clear()
        with self._context():
            for item in items:
                match item:
                    case Page() | Program() if self._closed:
                        item.sink.close()
                    case Page():
                        self._pages.add(item)
                        self._catch_up(item)
                    case Program():
                        self._programs[item.sink] = item
                        self._replay(item)
                    case Rendered():
                        self._ready(item)
                    case _Left():
                        self._forget(item.sink)
                    case _Closed():
                        self._closed = True
                        self._end_all()
            self._spread([item for item in items if isinstance(item, Change)])

    def _spread(self, changes: list[Change]) -> None:
        """Tell every page and every program what `changes` mean to it."""
        told: dict[Page, _News] = {}
        for change in changes:
            sentence = announcements.sentence(change)
            for name, page in self._pages.about(change.topic):
                # What was caught up with a moment ago is not news.
                if change.id > page.reached:
                    news = told.setdefault(page, _News())
                    news.names[name] = None
                    news.sentences.update({sentence: None} if sentence else {})
            if change.kind in PUBLIC_KINDS:
                self._publish(change)
        for page, news in told.items():
            self._deliver(page, news, changes[-1].id)

    def _catch_up(self, page: Page) -> None:
        head = self._changes.head()
        entries = None if page.seen is None else self._changes.since(page.seen)
        topics = None if entries is None else {entry.topic for entry in entries}
        names = (r.name for r in page.regions.values() if topics is None or r.topics & topics)
        news = _News(dict.fromkeys(names))
        if page.resumed and news.names:
            news.sentences[announcements.CAUGHT_UP] = None
        self._deliver(page, news, head)

    def _deliver(self, page: Page, news: _News, reached: ChangeId) -> None:
        page.reached = max(page.reached, reached)
        slow = [page.regions[name] for name in news.names if page.regions[name].slow]
        page.owed.update(region.name for region in slow)
        fast = tuple(name for name in news.names if not page.regions[name].slow)
        self._send(page, fast, tuple(news.sentences))
        for region in slow:
            self._slow.ask(region)

    def _send(self, page: Page, names: tuple[str, ...], sentences: tuple[str, ...] = ()) -> None:
        """Send the pieces of the regions `names`, and `sentences` for the status line, as one message."""
        change_id = page.resume_from()
        key = (names, sentences, change_id)
        if key not in self._messages:
            pieces = [piece for name in names if (piece := self._piece(page.regions[name]))]
            spoken = [wire.announcement(sentence) for sentence in sentences]
            self._messages[key] = wire.message(pieces + spoken, change_id)
        if self._messages[key]:
            self._put(page.sink, self._messages[key])

    def _put(self, sink: Sink, message: bytes) -> None:
        if not sink.put(message):
            metrics.stream_overflows.inc()
            log.info("a stream is closed: its client does not keep up")
            self._forget(sink)
            sink.close()

    def _piece(self, region: Region) -> bytes | None:
        if region.name not in self._pieces:
            self._pieces[region.name] = rendering.piece(region)
        return self._pieces[region.name]

    def _ready(self, done: Rendered) -> None:
        name = done.region.name
        self._pieces[name] = done.piece
        last = self._slow.settle(done)
        for page in self._pages.showing(name):
            if last:
                page.owed.discard(name)
            self._send(page, (name,))

    # Programs

    def _replay(self, program: Program) -> None:
        head = self._changes.head()
        entries = self._changes.since(program.seen)
        if entries is None or len(entries) > MOST_REPLAYED:
            self._put(program.sink, wire.notice("resync", head, head))
            program.seen = head
            return
        missed = [entry for entry in entries if entry.kind in PUBLIC_KINDS]
        if missed:
            self._put(program.sink, b"".join(wire.event(change) for change in missed))
            program.seen = missed[-1].id

    def _publish(self, change: Change) -> None:
        message = wire.event(change) if self._programs else b""
        for program in list(self._programs.values()):
            if change.id > program.seen:
                program.seen = change.id
                self._put(program.sink, message)

    # Ends

    def _forget(self, sink: Sink) -> None:
        self._pages.remove(sink)
        self._programs.pop(sink, None)

    def _end_all(self) -> None:
        for stream in (*self._pages, *self._programs.values()):
            self._forget(stream.sink)
            stream.sink.close()
