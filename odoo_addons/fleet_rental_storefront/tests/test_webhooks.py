import base64
import hashlib
import hmac
import logging
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.fleet_rental_event import LONGEST_PAUSE, LONGEST_PAUSE_REFUSED
from ..signature import SignatureError, signature_headers
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
        (body,) = self.bodies()
        expected = {"event_type": "price.updated", "vehicle_id": self.mower.id, "currency": "USD"}
        prices = {"rental_price_daily": 160, "rental_price_weekly": 640, "rental_price_monthly": 1800}
        self.assertEqual({"version", "at"} - body.keys(), set())
        told = {name: body[name] for name in body if name not in {"version", "at"}}
        self.assertEqual(told, {**expected, **prices})

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
        last = next(body for body in self.bodies() if body["event_type"] == "booking.cancelled")
        self.assertEqual(last["cancellation_reason"], "The trailer broke")

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

    def test_a_webhook_is_signed_in_the_form_of_the_settings(self):
        plain = signature_headers("plain", "a secret", "msg_1", 1700000000, b"{}")
        self.assertEqual(plain, {"X-Webhook-Signature": hmac.new(b"a secret", b"{}", hashlib.sha256).hexdigest()})
        standard = signature_headers("standard", "a secret", "msg_1", 1700000000, b"{}")
        expected = hmac.digest(b"a secret", b"msg_1.1700000000.{}", hashlib.sha256)
        self.assertEqual(standard["webhook-signature"], f"v1,{base64.b64encode(expected).decode()}")
        self.assertNotIn("X-Webhook-Signature", standard)
        self.assertEqual(signature_headers("", "a secret", "msg_1", 1700000000, b"{}"), standard)

    def test_a_secret_after_whsec_is_base64(self):
        key = base64.b64encode(b"a secret of 24 characters").decode()
        secrets = (f"whsec_{key}", "a secret of 24 characters")
        signed = [signature_headers("standard", secret, "m", 1, b"{}") for secret in secrets]
        self.assertEqual(signed[0], signed[1])
        for wrong in ("", "whsec_", "whsec_abc", "whsec_====", "whsec_" + key[:8]):
            with self.subTest(wrong=wrong), self.assertRaises(SignatureError):
                signature_headers("standard", wrong, "m", 1, b"{}")

    def test_settings_refuse_a_secret_that_cannot_sign(self):
        for wrong in ("whsec_abc", "whsec_", "whsec_ä"):
            with self.subTest(wrong=wrong), self.assertRaises(ValidationError):
                self.env["res.config.settings"].create({"rental_webhook_secret": wrong})
        self.env["res.config.settings"].create({"rental_webhook_secret": "any long text"}).execute()

    def test_a_secret_that_cannot_sign_leaves_the_webhook_waiting_and_says_why(self):
        self.listen()
        for secret in ("whsec_abc", ""):
            self.env["ir.config_parameter"].set_param("fleet_rental_storefront.webhook_secret", secret)
            test = self.test_event()
            test._send()
            self.assertEqual((test.state, test.tries), ("waiting", 1))
            self.assertIn("secret", test.answer)

    def test_what_the_site_takes_is_delivered_and_what_it_refuses_waits_for_another_try(self):
        self.listen()
        for status, state in ((200, "delivered"), (500, "waiting"), (400, "waiting"), (302, "waiting")):
            with self.subTest(status=status), self.site(status) as taken:
                delivery = self.test_event()
                delivery._send()
                self.assertEqual((delivery.state, delivery.tries), (state, 1))
                self.assertIn(str(status), delivery.answer)
                self.assertEqual(taken[0]["webhook-id"], delivery.message_id)

    def test_the_pauses_double_up_to_half_a_minute_while_the_site_cannot_be_reached(self):
        pauses = self.pauses("ConnectionError", LONGEST_PAUSE)
        self.assertEqual(pauses[:4], [5, 10, 20, 30])
        self.assertEqual(pauses[-1], 30)
        self.assertEqual(self.pauses("400 Bad Request", LONGEST_PAUSE_REFUSED)[-1], 3600)

    def test_a_webhook_is_given_up_after_seven_days_and_not_before(self):
        self.listen()
        delivery = self.test_event()
        for days, state in ((6.9, "waiting"), (7.1, "failed")):
            delivery.at = delivery.env.cr.now() - timedelta(days=days)
            with self.assertLogs("odoo.addons.fleet_rental_storefront", "WARNING") as logged:
                delivery._failed("500", LONGEST_PAUSE)
                logging.getLogger("odoo.addons.fleet_rental_storefront").warning("end")
            self.assertEqual(delivery.state, state)
            self.assertEqual(len(logged.records), 1 if state == "waiting" else 2)
        delivery.action_send_again()
        self.assertEqual((delivery.state, delivery.tries), ("waiting", 0))

    def test_an_event_waits_behind_an_older_one_of_its_record_only(self):
        self.listen()
        for price in (160, 170):
            self.mower.rental_price_daily = price
            self.env.cr.flush()
        self.digger.rental_price_daily = 180
        first, second, other = self.events()
        self.assertEqual(first._next_due(), first)
        first._failed("ConnectionError", LONGEST_PAUSE)
        self.env.flush_all()
        self.assertEqual(first._next_due(), other)
        other.state = "delivered"
        self.env.flush_all()
        self.assertFalse(first._next_due())
        first.state = "delivered"
        self.env.flush_all()
        self.assertEqual(first._next_due(), second)
        self.assertLess(first.version, second.version)

    def test_the_button_in_settings_tells_what_the_site_said(self):
        self.listen()
        settings = self.env["res.config.settings"].create({})
        with self.site(200):
            for endpoint in ("booking", "inventory"):
                settings[f"rental_{endpoint}_webhook_url"] = self.url
            said = settings.action_send_test_webhooks()["params"]
        self.assertEqual(said["type"], "success")
        self.assertIn("200", said["message"])

    def test_event(self):
        event = {"kind": "test", "event_type": "test", "version": 0, "endpoint": "booking"}
        return self.env["fleet.rental.event"]._put([event])

    def pauses(self, answer, longest):
        """The seconds between 20 failed tries."""
        self.listen()
        delivery, pauses = self.test_event(), []
        for _try in range(20):
            now = fields.Datetime.now()
            delivery._failed(answer, longest)
            pauses.append(round((delivery.next_try - now).total_seconds() / 5) * 5)
        return pauses

    def changes_told(self):
        """The (vehicle, names of what changed) of each `vehicle.updated` since this was last asked."""
        bodies = self.bodies()
        self.events().filtered("body").unlink()
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
