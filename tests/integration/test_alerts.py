"""Faults of the demo raise their alerts: a real Prometheus reads the site, with the rules' times made shorter."""

import itertools
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import yaml

from lco import clock
from lco.demo.faults import CONNECTION_FAULTS, HABITS
from tests import serving
from tests.factories import order

DEPLOY = Path(__file__).parents[2] / "deploy"
WINDOW = dict.fromkeys(["5m", "10m", "15m", "30m", "1h"], "8s")
"""How far the rules look back here: more than twice the 3 s after which an open circuit breaker tries again."""
LASTING = {"1m": "1s", "2m": "1s", "5m": "1s", "15m": "1s"}
PATIENCE = 90
UNAVAILABLE = {"errors", "html", "nonsense", "down", "reset", "hang"}
OTHER_FAULTS = {"off", "slow", "lost", "dies", "limited"}  # each has a test of its own
UNREADABLE = {"unreadable_seats", "unreadable_price", "unreadable_featured", "no_name"}
INCOMPLETE = {"short_list", "empty_list"}
HARMLESS = {
    *("no_currency", "float_noise", "no_price", "unknown_status", "json_404"),
    *("only_changes", "bare_webhooks", "plain_signature", "webhooks_late", "webhooks_twice", "webhooks_reversed"),
}
"""What the site understands as it is meant."""
KEY = "a-key-for-odoo"


def shortened(rules: str) -> str:
    rules = re.sub(r"(\[|offset )(\d+[mh])\b", lambda found: found[1] + WINDOW[found[2]], rules)
    return re.sub(r"(for: )(\d+[mh])\b", lambda found: found[1] + LASTING[found[2]], rules)


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[str]:
    """The address of a Prometheus that reads `target` each second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("no prometheus on this machine")
    config = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    (folder / "alerts.yaml").write_text(shortened((DEPLOY / "alerts.yaml").read_text()))
    port = serving.free_port()
    command = [
        program,
        f"--config.file={folder}/prometheus.yaml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    process = subprocess.Popen(command)
    try:
        serving.wait_until(lambda: _is_ready(port), "Prometheus to be ready")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(serving.PATIENCE)


def _is_ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def odoo(ports):
    with serving.demo(f"http://127.0.0.1:{ports[0]}", "--contract", "2", "--key", KEY, port=ports[1]) as server:
        yield server


@pytest.fixture(scope="module")
def site(ports, odoo, tmp_path_factory):
    folder = Path(tmp_path_factory.mktemp("site"))
    environ = {"RECONCILE_SECONDS": "1", "ODOO_API_KEY": KEY}
    with serving.site(odoo.url, folder, port=ports[0], **environ) as server:
        yield server


@pytest.fixture(scope="module")
def watched(site, tmp_path_factory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("prometheus"), f"127.0.0.1:{site.port}") as address:
        yield address


def firing(address: str) -> set[str]:
    time.sleep(0.5)  # Prometheus looks each second
    found = requests.get(f"{address}/api/v1/alerts", timeout=60).json()["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in found if alert["state"] == "firing"}


def wait_for(alert: str, address: str) -> None:
    serving.wait_until(lambda: alert in firing(address), f"the alert {alert}", PATIENCE)


@pytest.fixture
def visitors(site) -> Iterator[None]:
    """Customers who ask for other days each time, so that Odoo is asked each time."""
    ended = threading.Event()

    def ask() -> None:
        first = clock.now().date() + timedelta(days=20)
        for number in itertools.count():
            days = {
                "date_from": str(first + timedelta(days=number)),
                "date_to": str(first + timedelta(days=number + 1)),
            }
            requests.post(f"{site.url}/api/fleet/availability", json={"vehicle_id": 1, **days}, timeout=60)
            if ended.wait(0.5):
                return

    asking = threading.Thread(target=ask)
    asking.start()
    yield
    ended.set()
    asking.join(serving.PATIENCE)


def test_site_that_is_well_raises_no_alert(watched: str, odoo, visitors):
    serving.wait_until(lambda: sum(odoo.state()["calls"].values()) > 10, "some calls to Odoo")
    assert not firing(watched)


@pytest.mark.parametrize("mode", sorted(UNAVAILABLE))
def test_fault_of_odoo_raises_its_alert_and_the_end_of_it_ends_the_alert(watched: str, odoo, mode: str, visitors):
    odoo.control("faults", mode=mode)
    wait_for("LcoOdooUnavailable", watched)
    odoo.control("reset")
    serving.wait_until(lambda: "LcoOdooUnavailable" not in firing(watched), "the alert to end", PATIENCE)


def test_every_fault_of_the_demo_has_its_alert_or_is_harmless():
    assert set(CONNECTION_FAULTS) == UNAVAILABLE | OTHER_FAULTS
    assert set(HABITS) == UNREADABLE | INCOMPLETE | HARMLESS | {"webhooks_dropped"}


def book(site, vehicles: Iterable[int] = (1, 2, 3)) -> None:
    """Ask for one booking of each of `vehicles`; any answer will do."""
    start = clock.now().date() + timedelta(days=40)
    for vehicle in vehicles:
        requests.post(f"{site.url}/api/booking", json=order(vehicle, start, start + timedelta(days=2)), timeout=30)


def test_slow_odoo_raises_its_alert(watched: str, odoo, visitors):
    odoo.control("faults", mode="slow")
    wait_for("LcoSlow", watched)


def test_odoo_killed_while_it_books_raises_its_alert(watched: str, site, odoo, visitors):
    odoo.control("faults", mode="dies")
    book(site, (4,))
    wait_for("LcoOdooUnavailable", watched)


def test_odoo_that_limits_the_site_raises_its_alert(watched: str, site, odoo):
    odoo.control("faults", mode="limited")
    book(site, (6, 7, 8, 9))
    wait_for("LcoOdooLimits", watched)


@pytest.mark.parametrize("habit", sorted(UNREADABLE))
def test_machine_that_cannot_be_read_raises_its_alert(watched: str, odoo, habit: str):
    serving.wait_until(lambda: "LcoOdooUnreadable" not in firing(watched), "the alert to end", PATIENCE)
    odoo.control(f"habits/{habit}", on=True)
    odoo.control("vehicles/1", rental_price_daily=111)
    wait_for("LcoOdooUnreadable", watched)


@pytest.mark.parametrize("habit", sorted(INCOMPLETE))
def test_list_without_most_machines_raises_its_alert(watched: str, site, odoo, habit: str):
    serving.wait_until(lambda: "LcoOdooListIncomplete" not in firing(watched), "the alert to end", PATIENCE)
    odoo.control(f"habits/{habit}", on=True)
    site.stop()
    site.start()  # reads the list, and knows from its files what was in it
    wait_for("LcoOdooListIncomplete", watched)


def test_changes_without_webhooks_raise_their_alert(watched: str, site, odoo):
    serving.wait_until(lambda: "LcoWebhooksMissing" not in firing(watched), "the alert to end", PATIENCE)
    book(site, (5,))
    reference = odoo.state()["bookings"][-1]["booking_ref"]
    odoo.control("habits/webhooks_dropped", on=True)
    total = itertools.cycle((100, 200))

    def is_raised_after_a_change() -> bool:
        odoo.control(f"bookings/{reference}", total_amount=next(total))
        return "LcoWebhooksMissing" in firing(watched)

    serving.wait_until(is_raised_after_a_change, "the alert", PATIENCE)


def test_harmless_answers_of_odoo_raise_no_alert(watched: str, site, odoo, visitors):
    serving.wait_until(lambda: not firing(watched), "earlier alerts to end", PATIENCE)
    for habit in sorted(HARMLESS):
        odoo.control(f"habits/{habit}", on=True)
    calls = sum(odoo.state()["calls"].values())
    serving.wait_until(lambda: sum(odoo.state()["calls"].values()) > calls + 20, "some calls to Odoo")
    assert not firing(watched)


def test_lost_answers_to_bookings_raise_their_alert(watched: str, site, odoo):
    fault = {"mode": "lost", "path": "/api/fleet/booking"}
    requests.post(f"{odoo.url}/demo/faults", json=fault, timeout=60).raise_for_status()
    book(site)
    wait_for("LcoBookingsInDoubt", watched)


def test_webhooks_with_a_wrong_signature_raise_their_alert(watched: str, site):
    for _ in range(3):
        answer = requests.post(
            f"{site.url}/api/webhook/inventory", data=b"{}", headers={"X-Webhook-Signature": "wrong"}, timeout=60
        )
        assert answer.status_code == 401
    wait_for("LcoWebhooksRefused", watched)
