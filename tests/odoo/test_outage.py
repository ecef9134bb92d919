"""Either side may go away for a while: nothing is lost, and no visitor sees an error page."""

import signal
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import requests

from tests import serving


def test_odoo_may_stop_and_start_again_under_load(odoo, site):
    pages = [f"{site.url}{path}" for path in ("/", "/equipment", "/equipment/2-cat-299d3-skid-steer")]
    for page in pages:
        assert requests.get(page, timeout=10).status_code == 200
    done = Event()
    with ThreadPoolExecutor(len(pages)) as threads:
        visitors = [threads.submit(visiting, page, done) for page in pages]
        try:
            odoo.server.stop(signal.SIGTERM)
            assert "Skid Steer" in requests.get(f"{site.url}/equipment", timeout=10).text
            odoo.server.start()
            odoo.change(2, rental_price_daily=477)
            serving.wait_until(lambda: "$477" in requests.get(pages[1], timeout=10).text, "the new price")
        finally:
            done.set()
    assert_all_fine(visitors)


def test_a_price_changed_while_the_site_was_down_is_shown_after_the_webhook(odoo, site):
    """The site is down when Odoo sends; what it missed arrives later, once, in the outbox's own time."""
    site.stop()
    odoo.change(5, rental_price_daily=71)
    waiting = serving.wait_until(lambda: tried(odoo), "a first try that fails")
    assert waiting["state"] == "waiting"
    assert "ConnectionError" in waiting["answer"]
    site.start()
    assert "$71" in serving.wait_until(lambda: delivered(odoo, waiting, site), "the webhook to arrive")


def test_the_connection_test_of_the_settings_reaches_the_site(odoo, site):
    (settings,) = odoo.call("res.config.settings", "create", vals_list=[{}])
    said = odoo.call("res.config.settings", "action_send_test_webhooks", [settings])["params"]
    assert said["type"] == "success", said


def test_a_wrong_secret_is_refused_by_the_site_and_seen_in_odoo(odoo, site):
    odoo.send_webhooks_to(site.url, secret="not the one that they share")
    odoo.change(7, rental_price_daily=44)
    last = serving.wait_until(lambda: tried(odoo), "a try")
    assert last["answer"].startswith("401")
    odoo.send_webhooks_to(site.url)
    odoo.call("fleet.rental.event", "action_send_again", [last["id"]])
    serving.wait_until(lambda: odoo.deliveries(id=last["id"])[0]["state"] == "delivered", "the second sending")


def visiting(url: str, done: Event) -> list[int]:
    seen = []
    while not done.wait(0.02):
        seen.append(requests.get(url, timeout=15).status_code)
    return seen


def assert_all_fine(visitors: list[Future[list[int]]]) -> None:
    for visitor in visitors:
        assert len(visitor.result()) > 10
        assert set(visitor.result()) == {200}


def tried(odoo):
    """The newest delivery, once it was tried and not taken."""
    newest = odoo.deliveries()[0]
    return newest if newest["tries"] and newest["state"] == "waiting" else None


def delivered(odoo, delivery, site) -> str:
    """The list of the shop, once Odoo's cron job has got this delivery through."""
    odoo.run_cron("ir_cron_send_events")
    taken = odoo.deliveries(id=delivery["id"])[0]["state"] == "delivered"
    return requests.get(f"{site.url}/equipment", timeout=10).text if taken else ""
