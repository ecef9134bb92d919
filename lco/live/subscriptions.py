"""The open pages as the hub keeps them: which regions each shows, and which changes it has."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lco.changes.log import ChangeId
from lco.odoo.budget import Payer

MAX_PENDING_BYTES = 64 * 1024
"""Bytes that may wait for a client. A single message may be longer, as the present state of a whole list is."""
NOTHING: frozenset[str] = frozenset()


class Connection(Protocol):
    """An open connection to one client. Neither method waits."""

    def send(self, message: bytes) -> bool:
        """Send `message` soon. False when the client is too slow to take it."""

    def close(self, last: bytes = b"") -> None:
        """End the stream, with `last` as its last message if the client can take it."""


class Region(Protocol):
    """A part of a page that changes while it is open."""

    @property
    def name(self) -> str:
        """The region's name in addresses of streams: `card:7`."""

    @property
    def element_id(self) -> str:
        """The id of its element in the page."""

    @property
    def topics(self) -> frozenset[str]:
        """The topics of changes after which it is rendered again."""

    @property
    def slow(self) -> bool:
        """Whether rendering may have to wait for Odoo or the database."""

    @property
    def is_old(self) -> bool:
        """Whether the page may show something old here, so that its stream has to begin with this region."""

    def html(self) -> str:
        """Return the element as it is now. Raises any exception when that is not possible."""


@dataclass(eq=False, slots=True)
class RegionSet:
    """The regions of a page by name. All pages with the same regions share one set, so each costs little."""

    regions: Mapping[str, Region]
    topics: frozenset[str] = field(init=False)
    subscriptions: "set[PageSubscription]" = field(default_factory=set)

    def __post_init__(self) -> None:
        self.topics = frozenset().union(*(region.topics for region in self.regions.values()))

    def about(self, topic: str) -> list[Region]:
        """Return the regions that change with `topic`."""
        return [region for region in self.regions.values() if topic in region.topics]


@dataclass(eq=False, slots=True)
class PageSubscription:
    """A page's stream. `seen` is the newest change that the page had; `resumed`: its client had lost a stream.

    `last_sent_id` is the newest change that was sent. `pending` names the regions that changed but are not sent
    yet. Calls of Odoo for it are charged to `payer`.
    """

    connection: Connection
    region_set: RegionSet
    seen: ChangeId | None
    resumed: bool
    payer: Payer | None = None
    last_sent_id: ChangeId = ChangeId(0, 0)
    pending: frozenset[str] = NOTHING

    def mark_sent(self, reached: ChangeId, pending: frozenset[str]) -> ChangeId | None:
        """Record a message about all changes up to `reached`, which the regions `pending` will follow.

        Returns the id that the message may carry: None while any region is pending. A client that loses its stream
        then comes back with an older id, and gets what was pending. Ids never go back.
        """
        self.last_sent_id = max(self.last_sent_id, reached)
        if pending:
            self.pending |= pending
        return None if self.pending else self.last_sent_id


class SubscriptionIndex:
    """All open pages, found by topic and by region. Not safe for several threads: the hub has only one.

    Sets are dicts without values here, because a dict keeps its order.
    """

    def __init__(self) -> None:
        self._pages: dict[Connection, PageSubscription] = {}
        self._region_sets: dict[tuple[str, ...], RegionSet] = {}
        self._about: dict[str, dict[RegionSet, None]] = {}
        self._showing: dict[str, dict[RegionSet, None]] = {}

    def __iter__(self) -> Iterator[PageSubscription]:
        return iter(list(self._pages.values()))

    def add(self, page: PageSubscription) -> None:
        """Add `page`. It shares the region set of the pages with the same regions, if there are any."""
        key = tuple(page.region_set.regions)
        if key not in self._region_sets:
            self._enter(key, page.region_set)
        page.region_set = self._region_sets[key]
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
        """Return the region sets of all pages, each once."""
        return list(self._region_sets.values())

    def about(self, topic: str) -> Iterable[RegionSet]:
        """Return the region sets with a region that changes with `topic`."""
        return self._about.get(topic, ())

    def showing(self, name: str) -> Collection[RegionSet]:
        """Return the region sets with the region `name`."""
        return self._showing.get(name, ())

    def _enter(self, key: tuple[str, ...], region_set: RegionSet) -> None:
        self._region_sets[key] = region_set
        for index, entry in self._index_entries(region_set):
            index.setdefault(entry, {})[region_set] = None

    def _leave(self, region_set: RegionSet) -> None:
        del self._region_sets[tuple(region_set.regions)]
        for index, key in self._index_entries(region_set):
            del index[key][region_set]
            if not index[key]:
                del index[key]

    def _index_entries(self, region_set: RegionSet) -> Iterator[tuple[dict[str, dict[RegionSet, None]], str]]:
        """The indexes that contain the region set, each with the key there."""
        yield from ((self._about, topic) for topic in region_set.topics)
        yield from ((self._showing, name) for name in region_set.regions)
