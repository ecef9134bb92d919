"""The scheduler: from a seed, which fault begins when, and for how long."""

import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from bench.chaos.faults import Fault, lanes
from bench.chaos.parts import Parts

PAUSE = (1.0, 7.0)
LENGTH = (0.5, 8.0)


@dataclass
class Weather:
    """The events so far: a line for each fault, and the mistakes of the bench itself."""

    lines: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def note(self, name: str, length: float) -> None:
        self.lines.append(f"{time.monotonic() - self.began:6.1f} s  {name}, for {length:.1f} s")


@contextmanager
def blowing(parts: Parts, seed: int, ended: threading.Event) -> Iterator[Weather]:
    """Faults until `ended`; each one that has begun is over when the block has ended."""
    weather = Weather()

    def lane(faults: Mapping[str, Fault], chance: Random) -> None:
        while not ended.wait(chance.uniform(*PAUSE)):
            name, length = chance.choice(sorted(faults)), chance.uniform(*LENGTH)
            weather.note(name, length)
            try:
                with faults[name](parts, chance):
                    ended.wait(length)
            except Exception:  # noqa: BLE001 - any is a mistake of the bench, and is reported as one
                weather.mistakes.append(f"{name}: {traceback.format_exc()}")

    threads = [
        threading.Thread(target=lane, args=(faults, Random(f"{seed} {name}")))
        for name, faults in lanes(parts).items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield weather
    finally:
        ended.set()
        for thread in threads:
            thread.join()
