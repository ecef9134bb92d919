"""The feed of changes as a site reads it; transactions that overlap are tried at a real Odoo (tests/odoo)."""

from datetime import timedelta

from odoo.tests import tagged

from ..exceptions import CursorExpired
from .common import RentalCase


@tagged("post_install", "-at_install")
class TestFeed(RentalCase):
    def test_a_row_is_written_without_an_address_and_for_what_is_not_published(self):
        self.env.cr.flush()
        self.heard = max(self.env["fleet.rental.event"].search([]).ids, default=0)
        self.digger.rental_published = False
        self.env.cr.flush()
        self.digger.rental_price_daily = 1
        booking = self.book(10, 12, self.digger)
        self.env.cr.flush()
        rows = [(event.kind, event.event_type, event.state) for event in self.events()]
        self.assertIn(("vehicle", "vehicle.removed", "unsent"), rows)
        self.assertIn(("vehicle", "vehicle.updated", "unsent"), rows)
        self.assertIn(("booking", "booking.created", "unsent"), rows)
        self.assertEqual(self.events().filtered("booking_ref").mapped("booking_ref"), [booking.reference])

    def test_a_booking_of_a_machine_never_published_is_in_the_feed_and_not_sent(self):
        hidden = self.vehicle("Hidden", rental_published=False)
        self.listen()
        self.book(10, 12, hidden).action_confirm()
        self.assertEqual(self.told(), [])
        self.assertIn("booking.created", self.events().mapped("event_type"))

    def test_a_deleted_booking_leaves_a_row_and_its_reference(self):
        booking = self.book(10, 12)
        booking.action_cancel()
        self.listen()
        reference = booking.reference
        booking.unlink()
        (row,) = self.events().filtered("deleted")
        self.assertEqual((row.kind, row.booking_ref, row.body), ("booking", reference, False))
        self.assertTrue(self.env["fleet.rental.tombstone"].search([("reference", "=", reference)]))

    def test_a_cursor_of_another_database_or_none_at_all_has_expired(self):
        events = self.env["fleet.rental.event"]
        _rows, cursor, _more = events._changes("", 10)
        epoch, txid, _id = cursor.split("-")
        self.assertEqual(events._changes(cursor, 10)[0], [])
        other = f"{'1' if epoch[0] == '0' else '0'}{epoch[1:]}-{txid}-0"
        for wrong in (other, f"{epoch}-{int(txid) + 10**9}-0", "7", "a-b-c", f"{epoch}-٣-0", f"{epoch}--1"):
            with self.subTest(wrong=wrong), self.assertRaises(CursorExpired):
                events._changes(wrong, 10)

    def test_a_cursor_from_before_what_is_kept_has_expired(self):
        events = self.env["fleet.rental.event"]
        epoch, txid, _id = events._changes("", 10)[1].split("-")
        for price in (160, 170):
            self.mower.rental_price_daily = price
            self.env.cr.flush()
        old = self.events()
        old.at = events.env.cr.now() - timedelta(days=31)
        self.env.flush_all()
        events._gc_events()
        kept = old.exists()
        newest = events._vehicle_versions(kept.mapped("res_id"))
        self.assertEqual({(one.res_id, one.version) for one in kept}, set(newest.items()))
        self.assertLess(len(kept), len(old))
        with self.assertRaises(CursorExpired):
            events._changes(f"{epoch}-{int(txid) - 1}-0", 10)

    def test_the_newest_version_of_a_machine_is_kept_for_good(self):
        self.mower.rental_price_daily = 160
        self.env.cr.flush()
        events = self.env["fleet.rental.event"]
        before = events._vehicle_versions(self.mower.ids)
        events.search([]).at = events.env.cr.now() - timedelta(days=400)
        self.env.flush_all()
        events._gc_events()
        self.assertEqual(events._vehicle_versions(self.mower.ids), before)
        self.assertTrue(before[self.mower.id])

    def test_many_machines_at_once_are_one_webhook_to_a_site_that_reads_the_feed(self):
        many = self.env["fleet.vehicle"].browse([self.vehicle(f"Machine {number}").id for number in range(60)])
        for key, sent in (("a key", 1), ("", 60)):
            self.env["ir.config_parameter"].set_param("fleet_rental_storefront.api_key", key)
            self.listen()
            for vehicle in many:
                vehicle.rental_price_daily += 1
            with self.subTest(key=key):
                self.assertEqual(len(self.told()), sent)
                self.assertEqual(len(self.events()), 60)

    def test_calendar_and_storefront_are_told_when_they_change(self):
        self.listen()
        storefront = self.env["fleet.rental.storefront"]._current()
        storefront.tagline = "Rent it here"
        self.assertEqual(self.told(), ["storefront.updated"])
        storefront.closed_day_ids = [(0, 0, {"date": self.day(3), "reason": "Holiday"})]
        self.assertEqual(self.told()[1:], ["calendar.updated"])
        storefront.opening_ids.filtered(lambda opening: opening.weekday == "6").unlink()
        storefront.cut_off = "15:00"
        self.assertEqual(self.told()[2:], ["calendar.updated"])
