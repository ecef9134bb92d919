"""The open streams as the hub keeps them: what each shows, and how far it has been told."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lco.live.log import ChangeId


class Sink(Protocol):
    """The way to one client. Neither method waits."""

    def put(self, message: bytes) -> bool:
        """Send `message` soon. False when the client is too slow to take it."""

    def close(self) -> None:
        """End the stream."""


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
class Page:
    """A stream that shows regions. `resumed`: its client had a stream before and lost it.

    `reached` is the newest change it has been told of; `owed` are its slow regions that are not rendered yet.
    """

    sink: Sink
    regions: Mapping[str, Region]
    seen: ChangeId | None
    resumed: bool
    reached: ChangeId = ChangeId(0, 0)
    owed: set[str] = field(default_factory=set)

    def resume_from(self) -> ChangeId | None:
        """The id that a message may carry now.

        None while something is owed: a client that lost its stream then comes back with an older id, and so
        gets what it was owed.
        """
        return None if self.owed else self.reached


@dataclass(eq=False, slots=True)
class Program:
    """A stream of events as JSON. `seen` becomes the newest event it has been told of."""

    sink: Sink
    seen: ChangeId


class Pages:
    """All open pages, to be found by what they show. Not safe for several threads: the hub has only one."""

    def __init__(self) -> None:
        self._pages: dict[Sink, Page] = {}
        self._showing: defaultdict[str, set[Page]] = defaultdict(set)
        self._regions: defaultdict[str, set[str]] = defaultdict(set)

    def __iter__(self) -> Iterator[Page]:
        return iter(list(self._pages.values()))

    def add(self, page: Page) -> None:
        self._pages[page.sink] = page
        for name, region in page.regions.items():
            self._showing[name].add(page)
            for topic in region.topics:
                self._regions[topic].add(name)

    def remove(self, sink: Sink) -> None:
        """Forget the page, if it is known, and the regions that nobody shows any longer."""
        page = self._pages.pop(sink, None)
        for name, region in page.regions.items() if page else ():
            self._showing[name].discard(page)
            if not self._showing[name]:
                del self._showing[name]
                self._forget(name, region)

    def _forget(self, name: str, region: Region) -> None:
        for topic in region.topics:
            self._regions[topic].discard(name)
            if not self._regions[topic]:
                del self._regions[topic]

    def showing(self, name: str) -> list[Page]:
        return list(self._showing.get(name, ()))

    def about(self, topic: str) -> Iterator[tuple[str, Page]]:
        """Every region that is about `topic`, with every page that shows it."""
        for name in sorted(self._regions.get(topic, ())):
            for page in self.showing(name):
                yield name, page
