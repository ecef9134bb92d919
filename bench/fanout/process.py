"""A process as Linux shows it: its CPU time, its memory, and how many files it may open."""

import resource
import time
from pathlib import Path
from typing import NamedTuple

SPARE = 200
"""Files that a process has open beside its streams, generously."""


class Memory(NamedTuple):
    """In bytes. `pss` counts what is shared with other processes only in part."""

    rss: int
    pss: int


def memory(pid: int) -> Memory:
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    kilobytes = {words[0]: int(words[1]) for words in lines}
    return Memory(kilobytes["Rss:"] * 1024, kilobytes["Pss:"] * 1024)


def cpu(pid: int) -> float:
    """Seconds of CPU that the process has used, all threads together, to the nanosecond."""
    # The clock of another process, as clock_getcpuclockid(3) makes it on Linux.
    return time.clock_gettime((~pid << 3) | 2)


def room_for(streams: int) -> int:
    """How many of so many streams one process can hold, after raising this one's limit as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    room = streams if hard == resource.RLIM_INFINITY else min(streams, hard - SPARE)
    if room < streams:
        print(f"  Only {room:,} streams of {streams:,}: a process may open {hard:,} files here (ulimit -Hn).")
    return room
