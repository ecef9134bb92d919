from lco import clock
from lco.caching.entries import Entries, Entry, prefixes


def entry():
    return Entry(None, clock.now(), hinted=False)


def filled(*keys, most=10):
    entries, made = Entries(most), {key: entry() for key in keys}
    for key, one in made.items():
        entries.add(key, one)
    return entries, made


def test_the_beginnings_of_a_key_end_with_colons():
    assert list(prefixes("a:b:c")) == ["a:", "a:b:"]
    assert list(prefixes("vehicles")) == []


def test_entries_are_found_by_key_and_by_every_beginning():
    entries, made = filled("vehicle:7:details", "vehicle:70:details", "vehicle:7:rates", "vehicles")
    assert entries.get("vehicles") is made["vehicles"]
    assert entries.get("vehicle:8:details") is None
    assert entries.under("vehicle:7:") == [made["vehicle:7:details"], made["vehicle:7:rates"]]
    assert len(entries.under("vehicle:")) == 3
    assert entries.under("free:") == []


def test_those_go_first_that_nobody_asked_for_the_longest():
    entries, made = filled("a:1", "a:2", most=2)
    entries.touch("a:1")
    entries.add("a:3", third := entry())
    assert "a:2" not in entries
    assert entries.under("a:") == [made["a:1"], third]


def test_nothing_is_left_of_what_has_gone():
    entries, _ = filled(*(f"vehicle:{n}:details" for n in range(100)), "vehicles", most=1)
    assert entries.under("vehicle:") == []
    assert not entries._keys


def test_a_hint_is_counted_and_never_takes_an_earlier_one_back():
    one, now = entry(), clock.now()
    one.hint(now)
    one.hint(one.needed_from.replace(year=2020))
    assert (one.needed_from, one.hinted, one.invalidations) == (now, True, 2)
