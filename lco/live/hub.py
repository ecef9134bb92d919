"""The hub: from the change log to every open stream, each region rendered once however many pages show it."""

import queue
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from lco.changes.log import Change, ChangeId, ChangeLog
from lco.failures import guard
from lco.live import announcements, rendering, sse
from lco.live.connection_limit import ConnectionLimiter
from lco.live.event_feed import EventFeed, FeedSubscription
from lco.live.rendering import Context, Rendered, SlowRegions
from lco.live.send_buffer import YIELD, SendBuffer
from lco.live.subscriptions import Connection, PageSubscription, Region, RegionSet, SubscriptionIndex
from lco.odoo.budget import Payer

RENDER_BATCH = 250
"""Regions that are rendered in one go, before requests may be answered again."""


MAX_PAYERS = 10
"""Clients that are looked at to find one that may cause calls."""


@dataclass(frozen=True, slots=True)
class _Unsubscribe:
    connection: Connection


class _Gap:
    """The word that changes may have been missed, so that only the present state is certain."""


class _Close:
    """The order to end every stream."""


_Item = Change | PageSubscription | FeedSubscription | _Unsubscribe | Rendered | _Gap | _Close


class _Update(NamedTuple):
    """What pages are to be told at once: regions that are there quickly, those that take longer, and sentences."""

    fast: Sequence[Region]
    slow: Sequence[Region] = ()
    sentences: Sequence[str] = ()


def _update_of(regions: Iterable[Region], sentences: Iterable[str | None] = ()) -> _Update:
    """Each region and each sentence once, in the order in which they come."""
    once = {region.name: region for region in regions}.values()
    spoken = dict.fromkeys(filter(None, sentences))
    return _Update([r for r in once if not r.slow], [r for r in once if r.slow], list(spoken))


class Hub:
    """All streams of one process, served by one thread, which alone touches them: so their order is plain.

    `context` opens what regions need to be rendered without a request. Whatever happens comes through one queue;
    all that waits there is handled together, so a burst of changes renders each region once. Pages that show the
    same are told the same: what that is, is found and encoded once, and each further page costs one write.
    """

    def __init__(self, context: Context, changes: ChangeLog, places: ConnectionLimiter | None = None) -> None:
        self.limiter = places or ConnectionLimiter()
        self._context = context
        self._changes = changes
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._started = False
        self._closed = False
        self._ended = threading.Event()
        self._send_buffer = SendBuffer(self._remove)
        self._pages = SubscriptionIndex()
        self._programs = EventFeed(changes, self._send_buffer)
        self._slow = SlowRegions(context, self._queue.put)
        self._pieces: dict[str, bytes | None] = {}
        self._pieces_hold = ChangeId(0, 0)

    @property
    def open_streams(self) -> int:
        return self.limiter.in_use

    def subscribe_page(
        self,
        connection: Connection,
        regions: Iterable[Region],
        seen: ChangeId | None,
        *,
        resumed: bool = False,
        payer: Payer | None = None,
    ) -> None:
        """Keep `regions` right at the other end of `sink`, starting with what changed after `seen`.

        Without `seen`, or when the log no longer reaches back to it, with all of them. The calls of Odoo that this
        needs are charged to `payer`.
        """
        self._subscribe(
            PageSubscription(
                connection, RegionSet({region.name: region for region in regions}), seen, resumed, payer
            )
        )

    def subscribe_feed(self, connection: Connection, seen: ChangeId) -> None:
        """Send every public event after `seen` to `sink`, as JSON."""
        self._subscribe(FeedSubscription(connection, seen))

    def unsubscribe(self, connection: Connection) -> None:
        """Forget a stream that has ended."""
        self._queue.put(_Unsubscribe(connection))

    def close(self) -> None:
        """End every stream, now and later. Returns at once, so that a signal handler may call it."""
        self._queue.put(_Close())

    def wait_until_closed(self, patience: timedelta) -> bool:
        """Whether every stream was told of the end within `patience` after `close`."""
        return not self._started or self._ended.wait(patience.total_seconds())

    def _subscribe(self, stream: PageSubscription | FeedSubscription) -> None:
        with self._starting:
            if not self._started:
                self._started = True
                self._changes.subscribe(self._queue.put, lambda: self._queue.put(_Gap()))
                threading.Thread(target=self._run, name="hub", daemon=True).start()
        self._queue.put(stream)

    # From here on: the hub's own thread

    def _run(self) -> None:
        while True:
            items = self._next_items()
            # Under gevent this lets those run that have more to say, and those that send what was said.
            time.sleep(0)
            while not self._queue.empty():
                items.append(self._queue.get())
            with guard("hub", "the hub failed; all streams are closed, so that pages reconnect") as guarded:
                self._handle(items)
            if guarded.error:
                self._end_all()

    def _next_items(self) -> list[_Item]:
        """Wait for something to do: none when it is time to render regions again that have failed."""
        try:
            return [self._queue.get(timeout=self._slow.seconds_to_next())]
        except queue.Empty:
            return []

    def _handle(self, items: list[_Item]) -> None:
        self._pieces.clear()
        # Asked before anything is rendered: whatever comes later, a piece that is rendered only once may lack.
        self._pieces_hold = self._changes.head()
        self._send_buffer.drop()  # what a failure may have left
        with self._context():
            for item in items:
                match item:
                    case PageSubscription() | FeedSubscription() if self._closed:
                        item.connection.close(sse.closing())
                    case PageSubscription():
                        self._pages.add(item)
                        self._catch_up(item)
                    case FeedSubscription():
                        self._programs.add(item)
                    case Rendered():
                        self._on_rendered(item)
                    case _Unsubscribe():
                        self._remove(item.connection)
                    case _Gap():
                        self._resync_all()
                    case _Close():
                        self._closed = True
                        self._send_buffer.flush()
                        self._end_all()
                        self._ended.set()
            self._fan_out([item for item in items if isinstance(item, Change)])
        self._slow.ask_due()
        self._send_buffer.flush()

    def _fan_out(self, changes: Sequence[Change]) -> None:
        """Tell every page and every program what `changes`, oldest first, mean to it."""
        by_view: dict[RegionSet, list[Change]] = {}
        for change in changes:
            for view in self._pages.about(change.topic):
                by_view.setdefault(view, []).append(change)
        self._render(r for view, about in by_view.items() for change in about for r in view.about(change.topic))
        for view, about in by_view.items():
            self._send_update(view, about, changes[-1].id)
        self._programs.publish(changes)

    def _render(self, regions: Iterable[Region]) -> None:
        """Render what is not slow, one after the other: so each finds the templates in the processor's caches."""
        for region in regions:
            if not region.slow:
                self._fragment(region)

    def _send_update(self, view: RegionSet, changes: Sequence[Change], reached: ChangeId) -> None:
        """Tell the pages that show `view` what they do not know of `changes`, which is the same for nearly all.

        With that they have been told of everything up to `reached`.
        """
        alike: dict[ChangeId, list[PageSubscription]] = {}
        for page in view.subscriptions:
            alike.setdefault(page.last_sent_id, []).append(page)
        for known, pages in alike.items():
            # What was caught up with a moment ago is not news.
            if news := [change for change in changes if change.id > known]:
                regions = [region for change in news for region in view.about(change.topic)]
                self._deliver(pages, _update_of(regions, map(announcements.sentence, news)), reached)

    def _catch_up(self, page: PageSubscription) -> None:
        reached = self._pieces_hold
        entries = None if page.seen is None else self._changes.since(page.seen)
        regions: Iterable[Region] = page.region_set.regions.values()
        if entries is not None and page.seen is not None:
            topics = {entry.topic for entry in entries}
            regions = [region for region in regions if region.topics & topics]
            # A page may come from a process that is ahead of this one, and its ids must not go back.
            reached = max(reached, page.seen)
        sentences = [announcements.CAUGHT_UP] if page.resumed and regions else []
        self._deliver([page], _update_of(regions, sentences), reached)

    def _resync_all(self) -> None:
        """Give everybody the present state, whatever they have been told.

        What waits behind this is still news to a page, so its id stays: first of all, that updates are live again.
        """
        for view in self._pages.region_sets():
            news = _update_of(view.regions.values(), [announcements.CAUGHT_UP])
            self._deliver(list(view.subscriptions), news, reached=ChangeId(0, 0))
        self._programs.resync_all()

    def _deliver(self, pages: Sequence[PageSubscription], news: _Update, reached: ChangeId) -> None:
        """Send `news` to `pages`, which then have been told of everything up to `reached`."""
        failed = [region for region in news.fast if self._fragment(region) is None]
        owed = frozenset(region.name for region in (*news.slow, *failed))
        sinks: dict[ChangeId | None, list[Connection]] = {}
        for page in pages:
            sinks.setdefault(page.mark_sent(reached, owed), []).append(page.connection)
        for change_id, same in sinks.items():
            self._send_buffer.add(same, self._message(news, change_id))
        for region in news.slow:
            self._slow.ask(region, _payer_of(pages))
        for region in failed:
            self._slow.retry(region, _payer_of(pages))

    def _message(self, news: _Update, change_id: ChangeId | None) -> bytes:
        """The pieces of the regions that are there, and the sentences for the status line, as one message."""
        pieces = [piece for region in news.fast if (piece := self._fragment(region))]
        return sse.message(pieces + [sse.announcement(sentence) for sentence in news.sentences], change_id)

    def _fragment(self, region: Region) -> bytes | None:
        if region.name not in self._pieces:
            self._pieces[region.name] = rendering.render_fragment(region)
            if len(self._pieces) % RENDER_BATCH == 0:
                time.sleep(YIELD)
        return self._pieces[region.name]

    def _on_rendered(self, done: Rendered) -> None:
        """A slow region is rendered: send it to those who are owed it, and then are no longer.

        To nobody else: who has come since may show something newer already, and would not be told of that again.
        """
        name = done.region.name
        if not self._pages.showing(name):
            self._slow.drop(name)
        is_last = self._slow.settle(done)
        if done.fragment is None:
            return
        self._pieces[name] = done.fragment
        pages = [page for view in self._pages.showing(name) for page in view.subscriptions if name in page.pending]
        for page in pages if is_last else ():
            page.pending -= {name}
        self._deliver(pages, _Update(fast=[done.region]), ChangeId(0, 0))

    # Ends

    def _remove(self, connection: Connection) -> None:
        for name in self._pages.remove(connection):
            self._slow.drop(name)
        self._programs.remove(connection)

    def _end_all(self) -> None:
        for stream in (*self._pages, *self._programs):
            self._remove(stream.connection)
            stream.connection.close(sse.closing())


def _payer_of(pages: Sequence[PageSubscription]) -> Payer | None:
    """Of the clients that show the same, one that may still cause calls of Odoo, if the first few have one."""
    payers = [page.payer for page in pages[:MAX_PAYERS]]
    return next((payer for payer in payers if payer is None or payer.can_pay()), payers[0] if payers else None)
