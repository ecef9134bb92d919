"""Switching on the sampler of `bench.fanout.profiled`, and printing what it finds."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter

import requests

from bench import report

SHOWN = 12
OURS = "lco/"


class Samples:
    """CPU seconds by function, there once the sampling has ended."""

    def __init__(self) -> None:
        self.itself: Mapping[str, float] = {}
        self.on_stack: Mapping[str, float] = {}

    def report(self, events: int) -> None:
        """The functions that cost most, as shares of all CPU time and as milliseconds for each of `events`."""
        total = sum(self.itself.values())
        report.fact("CPU of an event", f"{total / events * 1000:.2f} ms")
        packages: Counter[str] = Counter()
        for name, seconds in self.itself.items():
            packages[_package(name)] += seconds  # type: ignore[assignment] # a Counter adds up floats as well
        tables = {
            "package": packages,
            "function, in itself": self.itself,
            "function, with what it calls": self.on_stack,
        }
        for title, found in tables.items():
            print(f"  By {title}:")
            for name, seconds in sorted(found.items(), key=itemgetter(1), reverse=True)[:SHOWN]:
                print(f"    {seconds / total:6.1%}  {seconds / events * 1000:8.3f} ms an event  {name}")


def _package(function: str) -> str:
    """`gevent` for `gevent/timeout.py:Timeout.close`; of the site's own, two parts: `lco/live`."""
    path = function.partition(":")[0]
    return "/".join(path.split("/")[: 2 if path.startswith(OURS) else 1])


@contextmanager
def sampled(port: int) -> Iterator[Samples]:
    """Samples of what the site at `port` does in the meantime."""
    samples = Samples()
    requests.post(f"http://127.0.0.1:{port}/bench/start", timeout=10).raise_for_status()
    yield samples
    found = requests.post(f"http://127.0.0.1:{port}/bench/stop", timeout=10).json()
    samples.itself, samples.on_stack = found["itself"], found["on_stack"]
