"""Visitors whose pages are kept up to date by a hub while vehicles change."""

import random
import re
import threading
import time
from dataclasses import dataclass, field

VEHICLES = range(1, 6)
KINDS = ("card", "calendar")
SHOWN = re.compile(r'id="(card|calendar)-(\d+)"[^>]*><p>(\d+)</p>')


class LatestChanges:
    """The number of each vehicle's latest change: the expected state of every page."""

    def __init__(self):
        self.numbers = dict.fromkeys(VEHICLES, 0)
        self._lock = threading.Lock()
        self._count = 0

    def change(self, vehicle_id):
        """The number of the change that has just happened."""
        with self._lock:
            self._count += 1
            self.numbers[vehicle_id] = self._count
            return self._count


class Process:
    """What one process knows of the vehicles, its change log and its hub."""

    def __init__(self, latest, changes, hub):
        self.changes = changes
        self.hub = hub
        self.known = dict(latest.numbers)
        self._latest = latest
        self._lock = threading.Lock()
        changes.replicate(self._apply, self._read_all)

    def change(self, vehicle_id):
        """A vehicle changes. As in the catalogue, this process applies the change first and publishes it then."""
        number = self._latest.change(vehicle_id)
        self._update(vehicle_id, number)
        known = {"vehicle_id": vehicle_id, "number": number}
        self.changes.append(f"vehicle:{vehicle_id}", "vehicle.corrected", replica=known)

    def _update(self, vehicle_id, number):
        with self._lock:
            self.known[vehicle_id] = max(self.known[vehicle_id], number)

    def _apply(self, change):
        if change.replica:
            self._update(**change.replica)

    def _read_all(self):
        """Changes of other processes may be missing, so everything is read again."""
        for vehicle_id, number in self._latest.numbers.items():
            self._update(vehicle_id, number)


@dataclass
class Part:
    """A region about one vehicle: it shows the latest change that its process knows of, after a short delay."""

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
    """A page as a browser shows it, with a stream that is lost now and then."""

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

    def receive(self, message):
        for kind, number, change in SHOWN.findall(message):
            self.shows[f"{kind}-{number}"] = int(change)
        if found := re.search(r"^id: (.*)$", message, re.MULTILINE):
            self._seen = type(self._seen).parse(found[1])

    def is_right(self, latest):
        return all(shown == latest.numbers[int(name.partition("-")[2])] for name, shown in self.shows.items())

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
            self.visitor.receive(message.decode())
        return True

    def close(self, last=b""):
        self.open = False


def run_visitors(processes, seed, steps=60):
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
