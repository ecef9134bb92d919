"""A demo Odoo and the site in front of it, as real processes that talk HTTP and know each other's address."""

from pathlib import Path

import pytest

from tests import serving


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return serving.free_port(), serving.free_port()


@pytest.fixture(scope="module")
def odoo(ports):
    with serving.demo(f"http://127.0.0.1:{ports[0]}", port=ports[1]) as server:
        yield server


@pytest.fixture(scope="module")
def site(ports, odoo, tmp_path_factory):
    with serving.site(odoo.url, Path(tmp_path_factory.mktemp("site")), port=ports[0]) as server:
        yield server


@pytest.fixture(autouse=True)
def _as_at_first(request):
    """Every test begins with the demo's own data and no fault, if it uses the demo."""
    if "odoo" in request.fixturenames:
        server = request.getfixturevalue("odoo")
        if server.process.poll() is None:
            server.control("reset")
