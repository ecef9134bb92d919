"""The open pages as the hub keeps them: what each shows, and how far it has been told."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lco.changes.log import ChangeId
from lco.odoo.budget import Payer

MAX_PENDING_BYTES = 64 * 1024
"""So many bytes may wait for a client. A single message may be longer: the present state of a whole list is."""
NOTHING: frozenset[str] = frozenset()


class Connection(Protocol):
    """The way to one client. Neither method waits."""

    def send(self, message: bytes) -> bool:
        """Send `message` soon. False when the client is too slow to take it."""

    def close(self, last: bytes = b"") -> None:
        """End the stream, with `last` as the last thing said if the client can take it."""


class Region(Protocol):
    """A part of a page that changes while it is open."""

    @property
    def name(self) -> str: ...

    @property
    def element_id(self) -> str: ...

    @property
    def topics(self) -> frozenset[str]: ...

    @property
    def slow(self) -> bool: ...

    def html(self) -> str: ...


@dataclass(eq=False, slots=True)
class RegionSet:
    """What a page shows: its regions by name. All pages that show the same share one, so each costs little."""

    regions: Mapping[str, Region]
    topics: frozenset[str] = field(init=False)
    subscriptions: "set[PageSubscription]" = field(default_factory=set)

    def __post_init__(self) -> None:
        self.topics = frozenset().union(*(region.topics for region in self.regions.values()))

    def about(self, topic: str) -> list[Region]:
        """The regions that change with `topic`."""
        return [region for region in self.regions.values() if topic in region.topics]


@dataclass(eq=False, slots=True)
class PageSubscription:
    """A stream that shows regions. `resumed`: its client had a stream before and lost it.

    `reached` is the newest change it has been told of; `owed` are its slow regions that are not rendered yet.
    """

    connection: Connection
    region_set: RegionSet
    seen: ChangeId | None
    resumed: bool
    payer: Payer | None = None
    last_sent_id: ChangeId = ChangeId(0, 0)
    pending: frozenset[str] = NOTHING

    def mark_sent(self, reached: ChangeId, owed: frozenset[str]) -> ChangeId | None:
        """Take note of a message about all changes up to `reached`; the regions `owed` will follow it.

        The id that the message may carry: none while something is owed. A client that loses its stream then comes
        back with an older id, and so gets what it was owed. Ids never go back.
        """
        self.last_sent_id = max(self.last_sent_id, reached)
        if owed:
            self.pending |= owed
        return None if self.pending else self.last_sent_id


class SubscriptionIndex:
    """All open pages, to be found by what they show. Not safe for several threads: the hub has only one.

    Sets are dicts without values here, because those keep their order.
    """

    def __init__(self) -> None:
        self._pages: dict[Connection, PageSubscription] = {}
        self._views: dict[tuple[str, ...], RegionSet] = {}
        self._about: dict[str, dict[RegionSet, None]] = {}
        self._showing: dict[str, dict[RegionSet, None]] = {}

    def __iter__(self) -> Iterator[PageSubscription]:
        return iter(list(self._pages.values()))

    def add(self, page: PageSubscription) -> None:
        """Keep `page`, which takes the view of those that show the same, if there are any."""
        key = tuple(page.region_set.regions)
        if key not in self._views:
            self._enter(key, page.region_set)
        page.region_set = self._views[key]
        page.region_set.subscriptions.add(page)
        self._pages[page.connection] = page

    def remove(self, connection: Connection) -> Sequence[str]:
        """Forget the page, if it is known. Returns the names of regions that no page shows any more."""
        page = self._pages.pop(connection, None)
        if page is None:
            return ()
        page.region_set.subscriptions.discard(page)
        if page.region_set.subscriptions:
            return ()
        self._leave(page.region_set)
        return [name for name in page.region_set.regions if not self.showing(name)]

    def region_sets(self) -> list[RegionSet]:
        return list(self._views.values())

    def about(self, topic: str) -> Iterable[RegionSet]:
        """The views with a region that changes with `topic`."""
        return self._about.get(topic, ())

    def showing(self, name: str) -> Collection[RegionSet]:
        """The views with the region `name`."""
        return self._showing.get(name, ())

    def _enter(self, key: tuple[str, ...], view: RegionSet) -> None:
        self._views[key] = view
        for index, word in self._entries(view):
            index.setdefault(word, {})[view] = None

    def _leave(self, view: RegionSet) -> None:
        del self._views[tuple(view.regions)]
        for index, word in self._entries(view):
            del index[word][view]
            if not index[word]:
                del index[word]

    def _entries(self, view: RegionSet) -> Iterator[tuple[dict[str, dict[RegionSet, None]], str]]:
        """Where the view stands: in which index, and under which word."""
        yield from ((self._about, topic) for topic in view.topics)
        yield from ((self._showing, name) for name in view.regions)
