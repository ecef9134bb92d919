import base64
import hashlib
import hmac
import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from odoo.fields import Command
from odoo.tests import tagged

from ..models.fleet_rental_event import signatures
from .common import RentalCase


@tagged("post_install", "-at_install")
class TestWebhooks(RentalCase):
    def test_without_an_address_nothing_is_told(self):
        self.mower.rental_price_daily = 160
        self.assertEqual(self.told(), [])

    def test_each_kind_of_change_has_its_event(self):
        self.listen()
        steps = [
            ({"rental_price_daily": 160}, ["price.updated"]),
            ({"short_description": "Quiet"}, ["vehicle.updated"]),
            ({"rental_state": "maintenance"}, ["vehicle.maintenance", "vehicle.availability_changed"]),
            ({"rental_published": False}, ["vehicle.removed"]),
            ({"rental_price_daily": 170}, []),
            ({"rental_published": True}, ["vehicle.added"]),
            ({"active": False}, ["vehicle.removed"]),
        ]
        for values, expected in steps:
            before = len(self.told())
            self.mower.write(values)
            with self.subTest(values=values):
                self.assertEqual(self.told()[before:], expected)

    def test_what_is_no_change_is_not_told(self):
        self.listen()
        self.mower.write({"rental_price_daily": 150, "short_description": False, "color": "red"})
        self.mower.rental_price_daily = 151
        self.mower.rental_price_daily = 150
        self.assertEqual(self.told(), [])

    def test_changes_of_one_transaction_are_told_once(self):
        self.listen()
        self.mower.rental_price_daily = 160
        self.mower.rental_price_weekly = 640
        self.assertEqual(self.told(), ["price.updated"])
        body = json.loads(self.env["fleet.rental.event"].search([]).body)
        expected = {"event_type": "price.updated", "vehicle_id": self.mower.id, "currency": "USD"}
        prices = {"rental_price_daily": 160, "rental_price_weekly": 640, "rental_price_monthly": 1800}
        self.assertEqual(body, {**expected, **prices})

    def test_a_change_of_a_part_is_a_change_of_the_machine(self):
        self.listen()
        weight = {"vehicle_id": self.mower.id, "name": "weight", "value": "1 t"}
        self.env["fleet.rental.specification"].create(weight)
        self.assertEqual(self.told(), ["vehicle.updated"])
        self.mower.feature_ids = [Command.create({"name": "Cup holder"})]
        self.assertEqual(self.told(), ["vehicle.updated"] * 2)

    def test_a_name_that_vehicles_share_is_a_change_of_each_published_one_that_shows_it(self):
        category = self.env["fleet.vehicle.model.category"].create({"name": "Digging"})
        feature = self.env["fleet.rental.feature"].create({"name": "Heated seat"})
        self.digger.write({"category_id": category.id, "feature_ids": [Command.link(feature.id)]})
        hidden = self.vehicle("Hidden", rental_published=False)
        hidden.feature_ids = feature
        self.listen()
        for record, name in ((category, "category"), (feature, "features")):
            record.name = f"{record.name}, renamed"
            with self.subTest(name=name):
                self.assertEqual(self.changes_told(), [(self.digger.id, [name])])
        for record, name in ((self.model, "model"), (self.model.brand_id, "brand")):
            record.name = f"{record.name}, renamed"
            with self.subTest(name=name):
                both = [(self.mower.id, [name]), (self.digger.id, [name])]
                self.assertEqual(self.changes_told(), both)
        self.model.brand_id = self.env["fleet.vehicle.model.brand"].create({"name": "Another"})
        self.assertEqual(self.changes_told(), both)
        self.model.brand_id.write({"name": "Another", "image_128": False})
        self.assertEqual(self.changes_told(), [])
        feature.unlink()
        self.assertEqual(self.changes_told(), [(self.digger.id, ["features"])])

    def test_a_buffer_that_takes_or_frees_days_is_a_change_of_availability(self):
        self.book(10, 14)
        self.listen()
        self.mower.rental_buffer_days = 2
        self.assertEqual(self.told(), ["vehicle.availability_changed"])

    def test_the_life_of_a_booking_is_told(self):
        self.listen()
        booking = self.book(10, 14)
        self.assertEqual(set(self.told()), {"booking.created", "vehicle.availability_changed"})
        booking.action_confirm()
        self.assertEqual(self.told()[2:], ["booking.confirmed"])
        booking.date_to = self.day(13)
        self.assertEqual(set(self.told()[3:]), {"booking.modified", "vehicle.availability_changed"})
        booking.action_cancel("The trailer broke")
        self.assertEqual(set(self.told()[5:]), {"booking.cancelled", "vehicle.availability_changed"})
        last = self.env["fleet.rental.event"].search([("event_type", "=", "booking.cancelled")])
        self.assertEqual(json.loads(last.body)["cancellation_reason"], "The trailer broke")

    def test_bookings_of_what_is_not_published_are_not_told(self):
        self.mower.rental_published = False
        self.listen()
        self.book(10, 14).action_confirm()
        self.assertEqual(self.told(), [])

    def test_what_is_rolled_back_is_not_told(self):
        self.listen()
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            self.mower.rental_price_daily = 160
            self.env.cr.flush()
            raise ZeroDivisionError
        self.assertEqual(self.told(), [])

    def test_a_delivery_is_signed_in_both_ways(self):
        headers = signatures("a secret", "msg_1", 1700000000, b"{}")
        self.assertEqual(headers["X-Webhook-Signature"], hmac.new(b"a secret", b"{}", hashlib.sha256).hexdigest())
        expected = hmac.digest(b"a secret", b"msg_1.1700000000.{}", hashlib.sha256)
        self.assertEqual(headers["webhook-signature"], f"v1,{base64.b64encode(expected).decode()}")
        key = base64.b64encode(b"a secret").decode()
        again = signatures(f"whsec_{key}", "msg_1", 1700000000, b"{}")
        self.assertEqual(again["webhook-signature"], headers["webhook-signature"])

    def test_what_the_site_takes_is_delivered_and_what_it_refuses_waits_for_another_try(self):
        self.listen()
        for status, state in ((200, "delivered"), (500, "waiting"), (400, "waiting"), (302, "waiting")):
            with self.subTest(status=status), self.site(status) as taken:
                delivery = self.env["fleet.rental.event"]._put("test", {}, "booking")
                delivery._send()
                self.assertEqual((delivery.state, delivery.tries), (state, 1))
                self.assertIn(str(status), delivery.answer)
                self.assertEqual(taken[0]["webhook-id"], delivery.message_id)

    def test_the_pauses_double_and_in_the_end_it_is_given_up(self):
        self.listen()
        delivery = self.env["fleet.rental.event"]._put("test", {}, "booking")
        pauses = []
        with self.assertLogs("odoo.addons.fleet_rental_storefront", "WARNING"):
            for _try in range(30):
                now = delivery.env.cr.now()
                delivery._failed("500")
                pauses.append(round((delivery.next_try - now).total_seconds() / 5) * 5)
        self.assertEqual(pauses[:4], [5, 10, 20, 40])
        self.assertEqual(pauses[-1], 3600)
        self.assertEqual(delivery.state, "failed")
        delivery.action_send_again()
        self.assertEqual((delivery.state, delivery.tries), ("waiting", 0))

    def test_the_button_in_settings_tells_what_the_site_said(self):
        self.listen()
        settings = self.env["res.config.settings"].create({})
        with self.site(200):
            for endpoint in ("booking", "inventory"):
                settings[f"rental_{endpoint}_webhook_url"] = self.url
            said = settings.action_send_test_webhooks()["params"]
        self.assertEqual(said["type"], "success")
        self.assertIn("200", said["message"])

    def changes_told(self):
        """The (vehicle, names of what changed) of each `vehicle.updated` since this was last asked."""
        self.env.cr.flush()
        deliveries = self.env["fleet.rental.event"].search([], order="id")
        bodies = [json.loads(delivery.body) for delivery in deliveries]
        deliveries.unlink()
        self.assertEqual({body["event_type"] for body in bodies} - {"vehicle.updated"}, set())
        return [(body["vehicle_id"], list(body["changes"])) for body in bodies]

    @contextmanager
    def site(self, status):
        """A site on this machine that answers every webhook with `status`; gives the headers of what came."""
        taken = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                taken.append(self.headers)
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}/api/webhook/booking"
            self.env["ir.config_parameter"].set_param("fleet_rental_storefront.booking_webhook_url", self.url)
            try:
                yield taken
            finally:
                server.shutdown()
                thread.join()
