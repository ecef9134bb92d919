import ast
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

import lco.demo
from lco.demo.server import running

DEMO = Path(lco.demo.__file__).parent


def test_one_connection_serves_one_call_after_the_other(served):
    connection = HTTPConnection(*served, timeout=3)
    connection.connect()
    first_socket = connection.sock
    for method, path, body in [
        ("GET", "/api/fleet/filters", None),
        ("POST", "/api/fleet/booking", b"{}"),
        ("HEAD", "/web/image/fleet.vehicle/1/image_1920", None),
        ("GET", "/nowhere", None),
        ("GET", "/api/fleet/vehicle/1", None),
    ]:
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.read()
        assert answer.version == 11
        assert connection.sock is first_socket
    assert answer.status == 200
    connection.close()


def test_an_unchanged_picture_is_confirmed_on_the_same_connection(served):
    connection = HTTPConnection(*served, timeout=3)
    connection.request("GET", "/web/image/fleet.vehicle/1/image_1920")
    first = connection.getresponse()
    picture = first.read()
    connection.request(
        "GET", "/web/image/fleet.vehicle/1/image_1920", headers={"If-None-Match": first.headers["ETag"]}
    )
    second = connection.getresponse()
    assert (second.status, second.read(), second.headers["Content-Length"]) == (304, b"", None)
    assert len(picture) > 1000
    connection.close()


def test_it_runs_as_a_separate_process_and_ends_on_a_signal(tmp_path):
    command = [
        sys.executable,
        "-m",
        "lco.demo",
        "--port",
        "0",
        "--no-webhooks",
        "--vehicles",
        "5",
        "--contract",
        "1",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=DEMO.parents[1]) as process:
        try:
            address = re.search(r"http://[0-9.:]+", process.stderr.readline()).group()
            assert requests.get(f"{address}/api/fleet/vehicles", timeout=3).json()["pagination"]["total"] == 20
            assert requests.get(f"{address}/api/fleet/version", timeout=3).status_code == 404
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=2) == 0
        finally:
            process.kill()


def test_the_demo_takes_nothing_from_the_shop_but_the_clock():
    taken = set()
    for path in DEMO.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                taken |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                taken |= {alias.name for alias in node.names}
    from_the_shop = {name for name in taken if name.startswith("lco.") and not name.startswith("lco.demo")}
    assert from_the_shop == {"lco.clock"}


@pytest.fixture
def served(demo_for_all, odoo):
    with running(demo_for_all) as address:
        host, port = address.removeprefix("http://").split(":")
        yield host, int(port)
