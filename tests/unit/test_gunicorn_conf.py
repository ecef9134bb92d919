"""The number of workers, the warning when it differs from the setting, and their common counts."""

import os
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.serving import ROOT

COUNTS = "PROMETHEUS_MULTIPROC_DIR"
POSTGRES = {"DATABASE_URL": "postgres://db/lco"}
REDIS = {"REDIS_URL": "redis://localhost"}


@pytest.fixture
def configured(monkeypatch):
    """The number of workers with this environment, and the warnings at the start."""
    ends = []

    def stop() -> None:
        while ends:
            ends.pop()(None)

    def configure(*, preload: bool = False, by_option: int = 0, **environ: str) -> tuple[int, list[str]]:
        stop()
        monkeypatch.setenv(COUNTS, "what monkeypatch takes back in the end")
        monkeypatch.delenv(COUNTS)
        for name in ("WEB_CONCURRENCY", "REDIS_URL", "REDIS_URL_FILE", "DATABASE_URL", "DATABASE_URL_FILE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        conf = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
        said = []
        log = SimpleNamespace(warning=lambda text, *values: said.append(text % values))
        cfg = SimpleNamespace(workers=by_option or conf["workers"], preload_app=preload)
        conf["on_starting"](SimpleNamespace(log=log, cfg=cfg))
        ends.append(conf["on_exit"])
        return conf["workers"], said

    yield configure
    stop()


def test_one_worker_by_default_and_no_warning(configured):
    assert configured() == (1, [])


def test_with_redis_as_many_as_are_wished_for(configured, tmp_path):
    assert configured(WEB_CONCURRENCY="3", **REDIS, **POSTGRES) == (3, [])
    files = {f"{name}_FILE": tmp_path / name for name in (REDIS | POSTGRES)}
    for file, text in zip(files.values(), (REDIS | POSTGRES).values(), strict=True):
        file.write_text(text)
    assert configured(WEB_CONCURRENCY="2", **{name: str(file) for name, file in files.items()}) == (2, [])


@pytest.mark.parametrize("wanted", ["2", "0", "many"])
def test_one_and_a_warning_when_that_cannot_be(configured, wanted):
    redis = {} if wanted == "2" else REDIS
    workers, said = configured(WEB_CONCURRENCY=wanted, **redis)
    assert workers == 1
    assert [wanted in sentence for sentence in said] == [True]


@pytest.mark.parametrize("database", [{}, {"DATABASE_URL": "sqlite:///var/lco.sqlite3"}])
def test_several_on_one_sqlite_file_are_warned(configured, database):
    workers, said = configured(WEB_CONCURRENCY="2", **REDIS, **database)
    assert workers == 2
    assert ["PostgreSQL" in sentence for sentence in said] == [True]


def test_several_processes_by_option_are_refused_without_redis(configured):
    with pytest.raises(SystemExit, match="REDIS_URL"):
        configured(by_option=3)


def test_a_preloaded_application_is_refused(configured):
    with pytest.raises(SystemExit, match="--preload"):
        configured(preload=True)


def test_several_have_a_folder_for_their_counts_that_is_gone_with_them(configured):
    configured()
    assert COUNTS not in os.environ
    configured(WEB_CONCURRENCY="2", **REDIS, **POSTGRES)
    folder = Path(os.environ[COUNTS])
    assert folder.is_dir()
    conf = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    conf["on_exit"](None)
    assert not folder.exists()


def test_a_folder_named_by_the_operator_is_kept(monkeypatch, tmp_path):
    monkeypatch.setenv(COUNTS, str(tmp_path))
    runpy.run_path(str(ROOT / "gunicorn.conf.py"))["on_exit"](None)
    assert tmp_path.exists()
