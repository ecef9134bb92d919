"""Connections and streams to each of two workers."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from tests import serving, streams
from tests.integration.processes.workers import Worker, at_site
from tests.postgres import migrated_postgres, postgres  # noqa: F401 - fixtures
from tests.redis_server import redis_server  # noqa: F401 - a fixture


@pytest.fixture(scope="module")
def site(odoo, redis_server, tmp_path_factory):  # noqa: F811 - pytest's way to ask for a fixture
    with at_site(odoo.url, tmp_path_factory.mktemp("site"), redis_server.url) as server:
        requests.get(f"{server.url}/equipment", timeout=60).raise_for_status()
        yield server


@pytest.fixture
def both(site, meet):
    """Streams of a page and of an API client on each worker, each with a connection to that worker beside it."""
    with ExitStack() as opened:
        pages, api_clients = (
            {pid: opened.enter_context(streams.over(w.connection, path)) for pid, w in meet(site).items()}
            for path in ("/live?r=card:5&r=status:6&r=odoo", "/api/events")
        )
        for one in (*pages.values(), *api_clients.values()):
            one.next()
        yield pages, api_clients, meet(site)


@pytest.fixture
def meet():
    """Gives a connection to each of the two workers, by process; they share the accepting unevenly."""
    opened = []

    def both(site) -> dict[int, Worker]:
        found = {}

        def look() -> bool:
            with ThreadPoolExecutor(8) as threads:
                for worker in threads.map(lambda _: Worker(site), range(8)):
                    opened.append(worker)
                    found.setdefault(worker.pid, worker)
            return len(found) == 2

        serving.wait_until(look, "an answer of each worker")
        return found

    yield both
    for worker in opened:
        worker.connection.close()
