from datetime import timedelta

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import RentalCase


@tagged("post_install", "-at_install")
class TestVehicle(RentalCase):
    def test_the_cheapest_single_line_of_the_rates_is_the_price(self):
        prices = {1: 150, 4: 600, 7: 600, 8: 1200, 21: 1800, 30: 1800, 31: 3000}
        self.assertEqual({days: self.mower._rental_price(days) for days in prices}, prices)

    def test_rates_that_are_not_there_do_not_count(self):
        self.mower.write({"rental_price_weekly": 0, "rental_price_monthly": 0})
        self.assertEqual(self.mower._rental_price(30), 4500)

    def test_the_name_for_customers_replaces_maker_model_and_plate(self):
        self.assertEqual((self.mower.name, self.mower.rental_slug), ("Mower", "mower"))
        self.mower.rental_name = False
        self.assertIn("Acme/X1", self.mower.name)

    def test_the_plate_is_not_published(self):
        self.mower.write({"rental_name": False, "license_plate": "PRIVATE-123"})
        self.listen()
        self.mower.short_description = "Quiet"
        self.assertIn("PRIVATE", self.mower.name)
        self.assertEqual((self.mower.rental_public_name, self.mower.rental_slug), ("Acme X1", "acme-x1"))
        self.mower.write({"rental_published": False})
        self.env.cr.flush()
        self.mower.write({"rental_published": True, "license_plate": "PRIVATE-456"})
        self.book(3, 4).action_confirm()
        self.assertNotIn("PRIVATE", str(self.bodies()).upper())
        self.assertNotIn("PRIVATE", str(self.mower.booking_ids._data()).upper())

    def test_making_a_picture_the_main_one_makes_the_one_before_ordinary(self):
        first, second = self.env["fleet.rental.image"].create(
            [{"vehicle_id": self.mower.id, "name": name, "is_primary": name == "1"} for name in "12"]
        )
        self.mower.rental_image_ids = [
            Command.update(second.id, {"is_primary": True}),
            Command.update(first.id, {"is_primary": False}),
        ]
        self.assertEqual((first.is_primary, second.is_primary), (False, True))
        third = self.env["fleet.rental.image"].create({"vehicle_id": self.mower.id, "is_primary": True})
        self.assertEqual((second.is_primary, third.is_primary), (False, True))
        self.assertEqual(self.mower.rental_image_ids.filtered("is_primary"), third)

    def test_a_user_of_fleet_copies_a_vehicle_with_all_that_belongs_to_it(self):
        user = new_test_user(self.env, "fleet", "fleet.fleet_group_user")
        self.mower.write(
            {
                "specification_ids": [Command.create({"name": "weight", "value": "1 t"})],
                "rental_image_ids": [Command.create({"name": "Front", "is_primary": True})],
                "feature_ids": [Command.create({"name": "Cup holder"})],
            }
        )
        self.env.cr.flush()
        copy = self.env["fleet.vehicle"].with_user(user).browse(self.mower.id).copy().sudo()
        self.assertFalse(copy.rental_published)
        self.assertEqual(copy.specification_ids.mapped("value"), ["1 t"])
        self.assertEqual((copy.rental_image_ids.name, copy.rental_image_ids.is_primary), ("Front", True))
        self.assertEqual(copy.feature_ids, self.mower.feature_ids)
        self.assertTrue(self.mower.rental_image_ids.is_primary)

    def test_a_machine_for_rent_is_not_published_without_a_daily_rate(self):
        with self.assertRaises(ValidationError):
            self.vehicle("Free of charge", rental_price_daily=0)
        self.assertTrue(self.vehicle("For sale", rental_price_daily=0, listing_type="sale"))

    def test_what_a_machine_is_today_follows_its_bookings_and_its_service(self):
        self.assertEqual(self.mower.availability_status, "available")
        booking = self.book(0, 2)
        self.assertEqual(self.mower.availability_status, "reserved")
        booking.action_confirm()
        booking.action_pick_up()
        self.assertEqual(self.mower.availability_status, "rented")
        booking.action_return()
        self.assertEqual(self.mower.availability_status, "available")
        self.mower.rental_state = "maintenance"
        self.assertEqual(self.mower.availability_status, "maintenance")
        self.mower.rental_state = "sold"
        self.assertEqual(self.mower.availability_status, "sold")

    def test_maintenance_with_an_end_leaves_the_days_after_it_free(self):
        self.mower.write({"rental_state": "maintenance", "maintenance_until": self.day(5)})
        self.assertFalse(self.mower._is_free(self.day(4), self.day(8)))
        self.assertTrue(self.mower._is_free(self.day(5), self.day(8)))
        self.assertEqual(self.mower._next_free(), (self.day(5), None))
        self.assertEqual(self.mower._busy_ranges_within(self.day(2), self.day(9)), [(self.day(2), self.day(5))])

    def test_a_day_is_busy_exactly_when_the_machine_cannot_be_had_on_it(self):
        late = self.book(-5, -2, state="picked_up")
        self.book(4, 6).action_cancel()
        self.book(8, 9, booking_type="inquiry")
        self.mower.rental_buffer_days = 2
        self.book(12, 14)
        self.book(18, 19)
        self.assert_busy_days_are_those_not_free([0, 1, 2, *range(10, 21)])
        late.action_return()
        self.assert_busy_days_are_those_not_free([0, 1, *range(10, 21)])
        self.mower.write({"rental_state": "maintenance", "maintenance_until": self.day(11)})
        self.assert_busy_days_are_those_not_free(range(21))
        self.assertEqual(len(self.mower._busy_ranges_within(self.day(0), self.day(30))), 1)
        self.mower.maintenance_until = False
        self.assert_busy_days_are_those_not_free(range(30))
        self.mower.rental_state = "sold"
        self.assert_busy_days_are_those_not_free(range(30))

    def assert_busy_days_are_those_not_free(self, expected):
        busy = {
            first + timedelta(days=n)
            for first, last in self.mower._busy_ranges_within(self.day(0), self.day(30))
            for n in range((last - first).days)
        }
        taken = [n for n in range(30) if not self.mower._is_free(self.day(n), self.day(n + 1))]
        self.assertEqual(taken, list(expected))
        self.assertEqual(sorted(busy), [self.day(n) for n in taken])

    def test_what_is_free_next_ends_with_the_buffer_before_a_booking(self):
        self.mower.rental_buffer_days = 2
        self.book(10, 14)
        self.assertEqual(self.mower._next_free(), (self.day(0), self.day(8)))

    def test_the_day_begins_with_the_end_of_maintenance_and_once(self):
        self.mower.write({"rental_state": "maintenance", "maintenance_until": self.today})
        self.env["fleet.vehicle"]._cron_begin_the_day()
        self.assertEqual((self.mower.rental_state, self.mower.availability_status), ("in_service", "available"))
        self.mower.write({"rental_state": "maintenance", "maintenance_until": self.today})
        self.env["fleet.vehicle"]._cron_begin_the_day()
        self.assertEqual(self.mower.rental_state, "maintenance")

    def test_views_add_up_also_after_they_were_put_together(self):
        visits = self.env["fleet.rental.visit"]
        visits.create([{"vehicle_id": self.mower.id}] * 3)
        visits._gc_visits()
        visits.create({"vehicle_id": self.mower.id})
        self.mower.invalidate_recordset(["view_count"])
        self.assertEqual(self.mower.view_count, 4)
        self.assertEqual(visits.search_count([("vehicle_id", "=", self.mower.id)]), 2)
