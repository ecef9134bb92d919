"""Visitors whose pages are kept right by a hub, in a world in which vehicles do nothing but change."""

import random
import re
import threading
import time
from dataclasses import dataclass, field

VEHICLES = range(1, 6)
KINDS = ("card", "calendar")
SHOWN = re.compile(r'id="(card|calendar)-(\d+)"[^>]*><p>(\d+)</p>')


class World:
    """How things are: of each vehicle, the number of its latest change."""

    def __init__(self):
        self.truth = dict.fromkeys(VEHICLES, 0)
        self._lock = threading.Lock()
        self._count = 0

    def change(self, vehicle_id):
        """The number of the change that has just happened."""
        with self._lock:
            self._count += 1
            self.truth[vehicle_id] = self._count
            return self._count


class Process:
    """What one process knows of the world, its change log and its hub."""

    def __init__(self, world, changes, hub):
        self.changes = changes
        self.hub = hub
        self.known = dict(world.truth)
        self._world = world
        self._lock = threading.Lock()
        changes.replicate(self._follow, self._lost)

    def change(self, vehicle_id):
        """A vehicle changes, and this process is told. As in the catalogue, it knows so first and says so then."""
        number = self._world.change(vehicle_id)
        self._learn(vehicle_id, number)
        known = {"vehicle_id": vehicle_id, "number": number}
        self.changes.append(f"vehicle:{vehicle_id}", "vehicle.corrected", replica=known)

    def _learn(self, vehicle_id, number):
        with self._lock:
            self.known[vehicle_id] = max(self.known[vehicle_id], number)

    def _follow(self, change):
        if change.replica:
            self._learn(**change.replica)

    def _lost(self):
        """What others have said may be missing, so everything is read again."""
        for vehicle_id, number in self._world.truth.items():
            self._learn(vehicle_id, number)


@dataclass
class Part:
    """A region about one vehicle: it shows the latest change that its process knows of, and takes a moment."""

    process: Process
    kind: str
    vehicle_id: int
    topics: frozenset = field(init=False)
    is_old: bool = False

    def __post_init__(self):
        self.topics = frozenset({f"vehicle:{self.vehicle_id}"})

    @property
    def name(self):
        return f"{self.kind}:{self.vehicle_id}"

    @property
    def element_id(self):
        return f"{self.kind}-{self.vehicle_id}"

    @property
    def slow(self):
        return self.kind == "calendar"

    def html(self):
        number = self.process.known[self.vehicle_id]
        time.sleep(random.random() / 2000)
        return f"<p>{number}</p>"


class Visitor:
    """A page as it stands in a browser, with a stream that is lost now and then."""

    def __init__(self, process, chance):
        self._parts = chance.sample([(kind, number) for kind in KINDS for number in VEHICLES], 4)
        # As for a real page: first the head of the log, then what is known.
        self._seen = process.changes.head()
        self.shows = {f"{kind}-{number}": process.known[number] for kind, number in self._parts}
        self._stream = self._opened(process)

    def lose_stream(self, process):
        """The stream breaks, and `process` gives another one."""
        self._stream.open = False
        self._stream.hub.unsubscribe(self._stream)
        self._stream = self._opened(process, resumed=True)

    def take(self, message):
        for kind, number, change in SHOWN.findall(message):
            self.shows[f"{kind}-{number}"] = int(change)
        if found := re.search(r"^id: (.*)$", message, re.MULTILINE):
            self._seen = type(self._seen).parse(found[1])

    def is_right(self, world):
        return all(shown == world.truth[int(name.partition("-")[2])] for name, shown in self.shows.items())

    def _opened(self, process, *, resumed=False):
        stream = Stream(self, process.hub)
        process.hub.subscribe_page(
            stream, [Part(process, *part) for part in self._parts], self._seen, resumed=resumed
        )
        return stream


class Stream:
    """One stream of a visitor: what comes after its end is lost."""

    def __init__(self, visitor, hub):
        self.visitor = visitor
        self.hub = hub
        self.open = True

    def send(self, message):
        if self.open:
            self.visitor.take(message.decode())
        return True

    def close(self, last=b""):
        self.open = False


def lives(processes, seed, steps=60):
    """The visitors after so many steps in each of four threads: changes, new visitors and lost streams."""
    visitors = []

    def live(number):
        chance = random.Random(10 * seed + number)
        for _ in range(steps):
            process = chance.choice(processes)
            match chance.choice(["change", "change", "come", "lose"]):
                case "change":
                    process.change(chance.choice(VEHICLES))
                case "come":
                    visitors.append(Visitor(process, chance))
                case "lose" if visitors:
                    chance.choice(visitors).lose_stream(process)
            time.sleep(chance.random() / 1000)

    threads = [threading.Thread(target=live, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return visitors
