from lco import version


def test_the_version_is_short_plain_and_always_the_same():
    version.version.cache_clear()
    first = version.version()
    version.version.cache_clear()
    assert version.version() == first
    assert len(first) == 12
    assert first.isalnum()


def test_every_file_that_shapes_a_page_changes_the_version(monkeypatch, tmp_path):
    monkeypatch.setattr(version, "PACKAGE", tmp_path)
    seen = set()
    for name in ("errors.py", "page.html", "mail.txt", "site.css", "live.js", "other.js"):
        (tmp_path / name).write_text("x")
        seen.add(fresh())
    (tmp_path / "other.js").write_text("y")
    seen.add(fresh())
    assert len(seen) == 7


def test_the_demo_and_stray_files_do_not(monkeypatch, tmp_path):
    monkeypatch.setattr(version, "PACKAGE", tmp_path)
    before = fresh()
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "vehicles.py").write_text("x")
    (tmp_path / "notes.md").write_text("x")
    assert fresh() == before


def fresh() -> str:
    version.version.cache_clear()
    try:
        return version.version()
    finally:
        version.version.cache_clear()
