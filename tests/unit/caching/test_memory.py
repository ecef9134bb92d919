import tracemalloc
from datetime import date, timedelta

from lco import clock
from lco.caching.memory import MAX_BYTES, OVERHEAD, CachedValue, Entries, estimate_size
from lco.caching.swr import CacheQuery, StaleWhileRevalidateCache
from lco.domain.vehicle import Rates, Status, Vehicle

KB = 1024
MB = KB * KB


def text(size: int) -> CachedValue[str]:
    return CachedValue("x" * size, clock.now())


def test_the_least_recently_used_entries_of_a_kind_go_when_it_has_too_many_bytes():
    entries = Entries(max_bytes=10 * KB)
    for key in ("page:1", "page:2", "page:3"):
        entries.add(key, text(2 * KB))
    assert entries.get("page:1")
    entries.add("page:4", text(2 * KB))
    assert [key for key in ("page:1", "page:2", "page:3", "page:4") if entries.get(key)] == [
        "page:1",
        "page:3",
        "page:4",
    ]


def test_many_entries_of_one_kind_do_not_push_out_another_kind():
    entries = Entries(max_bytes=10 * KB)
    entries.add("vehicles", text(100 * KB))
    entries.add("vehicle:1:details", text(KB))
    for number in range(100):
        entries.add(f"free:{number}", text(KB))
    assert entries.get("vehicles")
    assert entries.get("vehicle:1:details")
    assert not entries.get("free:0")


def test_keys_without_a_value_are_bounded_too():
    entries = Entries(max_bytes=100 * OVERHEAD)
    for number in range(1000):
        entries.add(f"free:{number}", None)
    assert sum(bool(entries.get(f"free:{number}")) for number in range(1000)) < 100


def test_a_value_that_grows_is_counted_anew_and_one_that_was_pushed_out_is_not():
    entries = Entries(max_bytes=10 * KB)
    first, second = entries.add("a:1", None), entries.add("a:2", None)
    entries.put("a:2", second, text(9 * KB))
    entries.put("a:1", first, text(9 * KB))
    assert not entries.get("a:1")
    assert entries.get("a:2")


def test_the_estimate_of_a_large_collection_is_near_its_size():
    ids = frozenset(range(1000, 6000))
    assert 0.3 * MB < estimate_size(ids) < 1.5 * MB
    days = frozenset(date(2030, 1, 1) + timedelta(days=n) for n in range(31))
    assert KB < estimate_size(days) < 8 * KB
    vehicles = tuple(Vehicle(n, "Saw" * 10, "saw", Status.AVAILABLE, Rates()) for n in range(5000))
    assert MB < estimate_size(vehicles) < 20 * MB
    assert estimate_size({}) < KB
    assert estimate_size({1: "x" * 10_000}) > 10_000


def test_very_many_ranges_of_days_with_very_many_vehicles_stay_below_the_bound():
    cache = StaleWhileRevalidateCache()
    tracemalloc.start()
    try:
        for number in range(120):
            key = f"free:2030-01-01:{number}"
            cache.get(CacheQuery(key, timedelta(minutes=1), lambda: frozenset(range(10_000, 15_000))))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 1.5 * MAX_BYTES
