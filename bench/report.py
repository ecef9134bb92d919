"""How a measurement is printed, and the arithmetic that all of them share."""

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def title(text: str) -> None:
    print(f"\n{text}")


def times(name: str, seconds: Sequence[float], yardstick: float | None = None) -> None:
    """One line: median and 95th percentile in milliseconds, and how many times the yardstick the median is."""
    median = statistics.median(seconds)
    ratio = f"  {median / yardstick:6.2f} x yardstick" if yardstick else ""
    print(f"  {name:<44} median {median * 1000:8.2f} ms  p95 {percentile(seconds, 0.95) * 1000:8.2f} ms{ratio}")


def beside(name: str, ours: Sequence[float], yardstick: Sequence[float]) -> None:
    """A line for each side, measured in the same run, and the ratio; `yardstick` is empty when it is missing."""
    if yardstick:
        times(f"yardstick, {name}", yardstick)
    times(name, ours, statistics.median(yardstick) if yardstick else None)


def rates(name: str, a_second: Sequence[float], yardstick: float | None = None) -> None:
    """One line: median, least and most of several rounds, and what part of the yardstick the median is."""
    median = statistics.median(a_second)
    ratio = f"  {median / yardstick:6.2f} x yardstick" if yardstick else ""
    spread = f"{min(a_second):,.0f} to {max(a_second):,.0f}"
    print(f"  {name:<44} median {median:8,.0f} a second  ({spread}){ratio}")


def fact(name: str, value: object) -> None:
    print(f"  {name:<44} {value}")
