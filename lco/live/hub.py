"""The hub: it sends changes to all open streams, and renders a region once however many pages show it."""

import queue
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from lco import clock
from lco.changes.log import Change, ChangeId, ChangeLog
from lco.failures import guard
from lco.live import announcements, rendering, sse
from lco.live.connection_limit import ConnectionLimiter
from lco.live.event_feed import EventFeed, FeedSubscription
from lco.live.rendering import Context, Rendered, SlowRegions
from lco.live.send_buffer import YIELD, SendBuffer
from lco.live.subscriptions import Connection, PageSubscription, Region, RegionSet, SubscriptionIndex
from lco.odoo.budget import Payer

KEEP_FRAGMENTS = timedelta(seconds=1)
GATHER = 0.01
"""Seconds in which pages that come are gathered, as the first of a batch costs much more than the others."""
RENDER_BATCH = 250
"""Regions that are rendered before other greenlets may run."""
MAX_PAYERS = 10
"""Clients that are checked to find one that may cause calls of Odoo."""


@dataclass(frozen=True, slots=True)
class _Unsubscribe:
    connection: Connection


class _Gap:
    """Changes may have been missed: every page needs the present state."""


class _Close:
    """End every stream."""


_Item = Change | PageSubscription | FeedSubscription | _Unsubscribe | Rendered | _Gap | _Close


class _Update(NamedTuple):
    """The parts that are sent to pages together: regions rendered at once or later, and sentences."""

    fast: Sequence[Region]
    slow: Sequence[Region] = ()
    sentences: Sequence[str] = ()


def _update_of(regions: Iterable[Region], sentences: Iterable[str | None] = ()) -> _Update:
    """Each region and each sentence once, in the order in which they come."""
    once = {region.name: region for region in regions}.values()
    spoken = dict.fromkeys(filter(None, sentences))
    return _Update([r for r in once if not r.slow], [r for r in once if r.slow], list(spoken))


class Hub:
    """All streams of one process. Its own thread alone touches them, so messages have one order.

    `context` opens what regions need to be rendered without a request. All events come through one queue, and
    those that wait there are handled together: a burst of changes renders each region once. Pages with the same
    regions get the same message, which is made once; each further page costs one write.
    """

    def __init__(self, context: Context, changes: ChangeLog, limiter: ConnectionLimiter | None = None) -> None:
        self.limiter = limiter or ConnectionLimiter()
        self._context = context
        self._changes = changes
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._started = False
        self._closed = False
        self._ended = threading.Event()
        self._send_buffer = SendBuffer(self._remove)
        self._pages = SubscriptionIndex()
        self._feed = EventFeed(changes, self._send_buffer)
        self._slow = SlowRegions(context, self._queue.put)
        self._fragments: dict[str, bytes | None] = {}
        self._rendered_up_to = ChangeId(0, 0)
        self._drop_at = 0.0

    @property
    def open_streams(self) -> int:
        """The number of streams that hold a slot now."""
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
        """Keep `regions` up to date at the other end of `connection`, starting with changes after `seen`.

        Without `seen`, or when the log no longer reaches back to it, all regions are sent; else those that have
        changed, and those that are old in the page. `resumed` says that
        the client had a stream before and lost it. Calls of Odoo for slow regions are charged to `payer`.
        """
        self._subscribe(
            PageSubscription(
                connection, RegionSet({region.name: region for region in regions}), seen, resumed, payer
            )
        )

    def subscribe_feed(self, connection: Connection, seen: ChangeId) -> None:
        """Send every public event after `seen` to `connection`, as JSON."""
        self._subscribe(FeedSubscription(connection, seen))

    def unsubscribe(self, connection: Connection) -> None:
        """Forget a stream that has ended."""
        self._queue.put(_Unsubscribe(connection))

    def close(self) -> None:
        """End every stream, now and later. Returns at once, so that a signal handler may call it."""
        self._queue.put(_Close())

    def wait_until_closed(self, patience: timedelta) -> bool:
        """Whether every stream got its last message within `patience` after `close`."""
        return not self._started or self._ended.wait(patience.total_seconds())

    def _subscribe(self, stream: PageSubscription | FeedSubscription) -> None:
        with self._starting:
            if not self._started:
                self._started = True
                self._changes.subscribe(self._queue.put, lambda: self._queue.put(_Gap()))
                threading.Thread(target=self._run, name="hub", daemon=True).start()
        self._queue.put(stream)

    # In the hub's own thread

    def _run(self) -> None:
        while True:
            items = self._next_items()
            # Yield, so that producers can add more and writes can proceed. Pages may come in crowds.
            time.sleep(GATHER if all(isinstance(item, PageSubscription) for item in items) else 0)
            while not self._queue.empty():
                items.append(self._queue.get())
            with guard("hub", "the hub failed; all streams are closed, so that pages reconnect") as guarded:
                self._handle(items)
            if guarded.error:
                self._end_all()

    def _next_items(self) -> list[_Item]:
        """Wait for the next event. Returns an empty list when the pause of a failed region is over."""
        try:
            return [self._queue.get(timeout=self._slow.seconds_to_next())]
        except queue.Empty:
            return []

    def _handle(self, items: list[_Item]) -> None:
        self._drop_old_fragments()
        self._send_buffer.drop()  # left over from a failure
        with self._context():
            for item in items:
                match item:
                    case PageSubscription() | FeedSubscription() if self._closed:
                        item.connection.close(sse.closing())
                    case PageSubscription():
                        self._pages.add(item)
                        self._catch_up(item)
                    case FeedSubscription():
                        self._feed.add(item)
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

    def _drop_old_fragments(self) -> None:
        """Keep fragments while nothing changes, for a crowd that comes: it costs one rendering, not one each."""
        # Read before anything is rendered: a fragment may lack what is appended later.
        head, now = self._changes.head(), clock.seconds()
        if head != self._rendered_up_to or now >= self._drop_at:
            self._fragments.clear()
            self._rendered_up_to, self._drop_at = head, now + KEEP_FRAGMENTS.total_seconds()
        for name in [name for name, fragment in self._fragments.items() if fragment is None]:
            del self._fragments[name]  # it failed, and is tried again

    def _fan_out(self, changes: Sequence[Change]) -> None:
        """Send `changes`, oldest first, to every page and every feed that they concern."""
        by_region_set: dict[RegionSet, list[Change]] = {}
        for change in changes:
            for region_set in self._pages.about(change.topic):
                by_region_set.setdefault(region_set, []).append(change)
        self._render(
            r
            for region_set, about in by_region_set.items()
            for change in about
            for r in region_set.about(change.topic)
        )
        for region_set, about in by_region_set.items():
            self._send_update(region_set, about, changes[-1].id)
        self._feed.publish(changes)

    def _render(self, regions: Iterable[Region]) -> None:
        """Render what is not slow in one go, while the templates are in the processor's caches."""
        for region in regions:
            if not region.slow:
                self._fragment(region)

    def _send_update(self, region_set: RegionSet, changes: Sequence[Change], reached: ChangeId) -> None:
        """Send the pages of `region_set` what `changes` concern, as far as each page does not have it.

        Afterwards they are up to date with everything up to `reached`.
        """
        alike: dict[ChangeId, list[PageSubscription]] = {}
        for page in region_set.subscriptions:
            alike.setdefault(page.last_sent_id, []).append(page)
        for last_sent_id, pages in alike.items():
            if newer := [change for change in changes if change.id > last_sent_id]:
                regions = [region for change in newer for region in region_set.about(change.topic)]
                self._deliver(pages, _update_of(regions, map(announcements.sentence, newer)), reached)

    def _catch_up(self, page: PageSubscription) -> None:
        reached = self._rendered_up_to
        entries = None if page.seen is None else self._changes.since(page.seen)
        regions = changed = list(page.region_set.regions.values())
        if entries is not None and page.seen is not None:
            topics = {entry.topic for entry in entries}
            changed = [region for region in regions if region.topics & topics]
            # Regions that are old in the page are sent always: no change is about them.
            regions = [region for region in regions if region.is_old or region in changed]
            # Another process that is ahead may have served the page, and ids must not go back.
            reached = max(reached, page.seen)
        sentences = [announcements.CAUGHT_UP] if page.resumed and changed else []
        self._deliver([page], _update_of(regions, sentences), reached)

    def _resync_all(self) -> None:
        """Send all pages their present state.

        Their ids stay, because changes that wait in the queue are still new to them: for example that updates are
        live again.
        """
        for region_set in self._pages.region_sets():
            update = _update_of(region_set.regions.values(), [announcements.CAUGHT_UP])
            self._deliver(list(region_set.subscriptions), update, reached=ChangeId(0, 0))
        self._feed.resync_all()

    def _deliver(self, pages: Sequence[PageSubscription], update: _Update, reached: ChangeId) -> None:
        """Send `update` to `pages`, which then are up to date with everything up to `reached`.

        Regions that are slow or have failed follow later; until then the pages get no id.
        """
        failed = [region for region in update.fast if self._fragment(region) is None]
        later = [*update.slow, *failed]
        pending = frozenset(region.name for region in later)
        by_id: dict[ChangeId | None, list[Connection]] = {}
        for page in pages:
            by_id.setdefault(page.mark_sent(reached, pending), []).append(page.connection)
        for change_id, connections in by_id.items():
            self._send_buffer.add(connections, self._message(update, change_id))
        payer = _payer_of(pages) if later else None
        for region in update.slow:
            self._slow.ask(region, payer)
        for region in failed:
            self._slow.retry(region, payer)

    def _message(self, update: _Update, change_id: ChangeId | None) -> bytes:
        """The fragments of the fast regions and the sentences for the status line, as one message."""
        fragments = [fragment for region in update.fast if (fragment := self._fragment(region))]
        return sse.message(fragments + [sse.announcement(sentence) for sentence in update.sentences], change_id)

    def _fragment(self, region: Region) -> bytes | None:
        if region.name not in self._fragments:
            self._fragments[region.name] = rendering.render_fragment(region)
            if len(self._fragments) % RENDER_BATCH == 0:
                time.sleep(YIELD)
        return self._fragments[region.name]

    def _on_rendered(self, done: Rendered) -> None:
        """Send a slow region to the pages for which it is pending.

        Other pages, which came since, may already show something newer, and would not get that again.
        """
        name = done.region.name
        is_last = self._slow.settle(done)
        if not self._pages.showing(name):
            self._slow.drop(name)
        if done.fragment is None:
            return
        self._fragments[name] = done.fragment
        pages = [
            page
            for region_set in self._pages.showing(name)
            for page in region_set.subscriptions
            if name in page.pending
        ]
        for page in pages if is_last else ():
            page.pending -= {name}
        self._deliver(pages, _Update(fast=[done.region]), ChangeId(0, 0))

    # Ends

    def _remove(self, connection: Connection) -> None:
        for name in self._pages.remove(connection):
            self._slow.drop(name)
        self._feed.remove(connection)

    def _end_all(self) -> None:
        for stream in (*self._pages, *self._feed):
            self._remove(stream.connection)
            stream.connection.close(sse.closing())


def _payer_of(pages: Sequence[PageSubscription]) -> Payer | None:
    """Of the clients that show the same, one that may still cause calls of Odoo, if the first few have one."""
    payers = [page.payer for page in pages[:MAX_PAYERS]]
    return next((payer for payer in payers if payer is None or payer.can_pay()), payers[0] if payers else None)
