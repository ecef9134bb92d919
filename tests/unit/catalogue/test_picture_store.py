import os
from datetime import timedelta

import pytest

from lco import clock, metrics
from lco.catalogue.picture_store import BLOCK, PictureStore, StoredPicture

KB = 1024


def picture(size: int = 10 * KB) -> StoredPicture:
    return StoredPicture(os.urandom(size), "image/png", clock.now())


def bytes_in(folder) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "pictures"


def test_a_picture_is_read_as_it_was_stored_also_by_the_next_process(folder):
    stored = picture()
    PictureStore(folder).put("a", stored)
    assert PictureStore(folder).get("a") == stored
    assert PictureStore(folder).get("b") is None


def test_the_store_stays_below_its_bound_and_the_least_recently_used_go(folder):
    store = PictureStore(folder, max_bytes=1000 * KB)
    for number in range(300):
        store.put(f"new {number}", picture())
        assert store.get("new 0"), number
    assert bytes_in(folder) <= 1000 * KB
    assert store.get("new 299")
    assert store.get("new 150") is None


def test_a_restart_finds_the_stored_pictures_and_stays_below_the_bound(folder):
    first = PictureStore(folder, max_bytes=1000 * KB)
    for number in range(50):
        first.put(f"old {number}", picture())
    second = PictureStore(folder, max_bytes=1000 * KB)
    for number in range(80):
        second.put(f"new {number}", picture())
    assert bytes_in(folder) <= 1000 * KB


def test_small_pictures_are_counted_as_the_blocks_they_take(folder):
    store = PictureStore(folder, max_bytes=100 * BLOCK)
    for number in range(300):
        store.put(str(number), picture(10))
    assert len(list(folder.iterdir())) <= 100


def test_a_picture_that_would_push_out_many_others_is_not_stored(folder):
    store = PictureStore(folder, max_bytes=100 * KB)
    store.put("small", picture())
    store.put("huge", picture(90 * KB))
    assert store.get("huge") is None
    assert store.get("small")


def test_a_folder_that_was_removed_is_made_again(folder):
    store = PictureStore(folder)
    store.put("a", picture())
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert store.get("a") is None
    store.put("a", picture())
    assert store.get("a")


def test_files_that_a_killed_process_left_half_written_are_removed(folder):
    folder.mkdir()
    (folder / "half.tmp").write_bytes(b"x")
    PictureStore(folder).put("a", picture())
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"not json\nx", b"[]\nx", b'{"type": "x", "fetched_at": 1}\n'])
def test_a_broken_file_is_counted_and_treated_as_absent(folder, content):
    store = PictureStore(folder)
    store.put("a", picture())
    (path,) = folder.iterdir()
    path.write_bytes(content)
    before = metrics.cache_failures.labels("get")._value.get()
    assert store.get("a") is None
    assert metrics.cache_failures.labels("get")._value.get() == before + 1


def test_a_folder_that_cannot_be_written_is_counted_and_does_no_harm(tmp_path):
    (tmp_path / "file").write_text("")
    store = PictureStore(tmp_path / "file" / "pictures")
    before = metrics.cache_failures.labels("set")._value.get()
    store.put("a", picture())
    assert metrics.cache_failures.labels("set")._value.get() == before + 1
    with clock.moved(timedelta(days=1)):
        assert store.get("a") is None
