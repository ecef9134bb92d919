"""`python -m bench chaos --seed N --seconds S`: a seed of faults, and whether everything holds afterwards."""

import argparse
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import requests

from bench import report
from bench.chaos import invariants, parts, schedule
from bench.chaos.traffic import Record, Traffic


class Result(NamedTuple):
    """The result of one seed."""

    record: Record
    weather: schedule.Weather
    problems: list[str]
    converged_after: float
    settled_after: float


def run(seed: int, seconds: float, folder: Path) -> Result:
    """One seed, everything included. Seeds that 3 divides are run with SQLite, the others with PostgreSQL."""
    folder.mkdir(parents=True, exist_ok=True)
    with parts.running(folder, sqlite=seed % 3 == 0) as chain:
        traffic = Traffic(chain, seed)
        _warm_up(chain)
        before = [invariants.use(site.server.worker) for site in chain.sites]
        ended = threading.Event()
        with traffic.flowing(ended) as record, schedule.blowing(chain, seed, ended) as weather:
            ended.wait(seconds)
            ended.set()
        began = time.monotonic()
        problems = weather.mistakes + invariants.pages_converge(chain, record)
        converged_after = time.monotonic() - began
        problems += _settled(chain, traffic, before)
        settled_after = time.monotonic() - began
        chain.sites_life.close()
        problems += invariants.no_file_is_left(chain)
        return Result(record, weather, problems, converged_after, settled_after)


def _warm_up(chain: parts.Parts) -> None:
    for site in chain.sites:
        for path in ("/equipment", "/equipment/1", "/equipment/2?date_from=2027-06-01&date_to=2027-06-04"):
            requests.get(site.url + path, timeout=20).raise_for_status()


def _settled(chain: parts.Parts, traffic: Traffic, before: list[invariants.Use]) -> list[str]:
    record = traffic.record
    for page in record.pages:
        page.close()
    with invariants.tables(chain) as opened:
        invariants.settle(chain, traffic, opened)
        problems = list(invariants.bookings_are_true(chain, record, opened))
        problems += invariants.webhooks_are_applied(record, opened)
        problems += invariants.mails_go_once(chain, opened)
    problems += invariants.nothing_is_left(chain, before)
    return problems


def main(arguments: list[str]) -> int:
    """1 when something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench chaos", description=__doc__)
    parser.add_argument("--seed", type=int, action="append", help="may be given several times; default: 1 to 10")
    parser.add_argument("--seconds", type=float, default=60, help="how long the faults last; default 60")
    parser.add_argument("--keep", type=Path, help="a folder for the logs of the sites; default: none are kept")
    options = parser.parse_args(arguments)
    return max([_reported(seed, options.seconds, options.keep) for seed in options.seed or range(1, 11)])


def _reported(seed: int, seconds: float, keep: Path | None) -> int:
    report.title(f"Chaos, seed {seed}: {seconds:.0f} s of faults, then {', '.join(CHECKED)}")
    began = time.monotonic()
    with TemporaryDirectory() as name:
        folder = keep / f"seed-{seed}" if keep else Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        result = run(seed, seconds, folder)
    _print(result, time.monotonic() - began)
    return 1 if result.problems else 0


CHECKED = ("bookings", "webhooks", "pages", "mails", "what is left")


def _print(result: Result, spent: float) -> None:
    record = result.record
    statuses = Counter(str(order.statuses[-1]) for order in record.orders if order.statuses)
    report.fact("faults", len(result.weather.lines))
    report.fact("requests to book, by last status", ", ".join(f"{k}: {n}" for k, n in sorted(statuses.items())))
    report.fact("webhooks", len(record.deliveries))
    report.fact("open pages, streams", f"{len(record.pages)}, {sum(page.streams for page in record.pages)}")
    report.times("the list, while all this went on", record.waits)
    report.fact("  of these not 200", f"{record.failures} of {len(record.waits)}")
    report.fact("pages right, all settled, after", f"{result.converged_after:.1f} s, {result.settled_after:.1f} s")
    report.fact("took, with the checks", f"{spent:.0f} s")
    report.fact("problems", len(result.problems))
    for problem in result.problems:
        print(f"    {problem}")
    if result.problems:
        print("\n".join(f"    {line}" for line in result.weather.lines))
    sys.stdout.flush()
