"""The measurements: one event to all, one to each of many vehicles, what one event costs, and where that goes."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from bench import report
from bench.fanout import process, sides
from bench.fanout.audience import RoundResult
from bench.fanout.sampled import sampled
from bench.fanout.sides import Side

T = TypeVar("T")

ROUNDS = 15
WARM_UP = 3
VEHICLES = 500
VIEWERS = 10
PROFILED = {1: 100, 5_000: 50}
"""How many events, by the number of pages: enough CPU time for the sampler to see something."""
NAMES = ("the site", "nchan")
POSITIONS: dict[str, Callable[[RoundResult], float]] = {
    "last": lambda result: result.times[-1],
    "median": lambda result: statistics.median(result.times),
    "first": lambda result: result.times[0],
}


def fanout(streams: int) -> None:
    """One event to so many pages that show the same vehicle."""
    report.title(f"One event to {streams:,} pages, one process (promise: at most nchan's time, 8 kB a page)")
    with both([1] * process.room_for(streams)) as (site, nchan):
        rounds = alternately(site, nchan, lambda side: side.event(1))
        _report_times(rounds)
        _report_messages_and_client(rounds)
        _report_memory(site, nchan)


def vehicles() -> None:
    """One event about each of many vehicles, each shown by a few pages, all at once; then about one of them.

    First the hub alone, which gets changes as nchan does; then the whole way from signed webhooks.
    """
    shown = list(range(1, VEHICLES + 1))
    streams = (shown * VIEWERS)[: process.room_for(VEHICLES * VIEWERS)]
    report.title(f"{VEHICLES} changes at once to {VEHICLES} x {VIEWERS} pages (promise: at most nchan's time)")
    with both(streams, sides.short_site) as (hub, nchan):
        rounds = alternately(hub, nchan, lambda side: side.burst(shown))
        _report_times(rounds)
        _report_messages_and_client(rounds)
    report.title(f"{VEHICLES} signed webhooks at once, each checked, kept and applied, to the same pages")
    with both(streams) as (site, nchan):
        rounds = alternately(site, nchan, lambda side: side.burst(shown))
        _report_times(rounds)
        _report_messages_and_client(rounds)
        print(f"  One event, for {VIEWERS} of the pages:")
        rounds = alternately(site, nchan, lambda side: side.event(VEHICLES))
        _report_times(rounds)
        _report_messages_and_client(rounds)


def event_cost() -> None:
    """The cost of one event with more and more open pages: wall time, and CPU time of the serving process."""
    report.title("One event with 1, 100 and 10,000 pages: time to the last one, CPU time of the serving process")
    with both([1]) as (site, nchan):
        opened = 1
        for step in (1, 100, process.room_for(10_000)):
            for side in filter(None, (site, nchan)):
                side.open([1] * (step - opened))
            opened = step
            rounds = alternately(site, nchan, _costed)
            report.beside(f"pages: {step:,}; last one", *([last for last, _ in side] for side in rounds))
            report.beside(f"pages: {step:,}; CPU", *([cpu for _, cpu in side] for side in rounds))


def profile() -> None:
    """The parts of the site that use the CPU time of one event."""
    for pages, events in PROFILED.items():
        report.title(f"Where the CPU time of one event goes, open pages: {pages:,}")
        with sides.site(app="bench.fanout.profiled:app") as site:
            site.open([1] * process.room_for(pages))
            site.event(1)
            with sampled(site.server.port) as samples:
                for _ in range(events):
                    site.event(1)
            samples.report(events)


@contextmanager
def both(
    vehicles: Sequence[int], ours: Callable[[int], AbstractContextManager[Side]] = sides.site
) -> Iterator[tuple[Side, Side | None]]:
    """The site and, when it is here, nchan, each with a stream for each of `vehicles`."""
    with ours(max(vehicles)) as site:
        site.open(vehicles)
        sample = site.event(vehicles[0]).sample
        with sides.beside(sample) as nchan:
            if nchan:
                nchan.open(vehicles)
            yield site, nchan


def alternately(site: Side, nchan: Side | None, measure: Callable[[Side], T]) -> tuple[list[T], list[T]]:
    """The results of `measure` for the one and for the other, round by round, without the first rounds."""
    here, there = [], []
    for _ in range(WARM_UP + ROUNDS):
        here.append(measure(site))
        if nchan:
            there.append(measure(nchan))
    return here[WARM_UP:], there[WARM_UP:]


def _costed(side: Side) -> tuple[float, float]:
    """One event: seconds until the last page has it, CPU seconds until the process has come to rest again."""
    side.rest()
    before = side.cpu()
    result = side.event(1)
    side.rest()
    return result.times[-1], side.cpu() - before


def _report_times(rounds: Sequence[Sequence[RoundResult]]) -> None:
    for position, of in POSITIONS.items():
        report.beside(f"until the {position} page has it", *([of(result) for result in side] for side in rounds))


def _report_messages_and_client(rounds: Sequence[Sequence[RoundResult]]) -> None:
    for name, side in zip(NAMES, rounds, strict=True):
        if side:
            client = statistics.median(result.client for result in side) * 1000
            size, strays = len(side[0].sample), sum(result.strays for result in side)
            report.fact(f"{name}: a message", f"{size:,} bytes; a second time, or to others: {strays}")
            report.fact(f"{name}: CPU of the client", f"{client:.2f} ms a round")


def _report_memory(*measured: Side | None) -> None:
    for side in filter(None, measured):
        for when, now in {"opened": side.opened, "after the events": side.memory()}.items():
            grown = zip(now, side.before, strict=True)
            rss, pss = ((kept - before) / side.streams / 1000 for kept, before in grown)
            report.fact(f"{side.name}: memory a page, {when}", f"{rss:.2f} kB (RSS), {pss:.2f} kB (PSS)")
