from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .case import RentalCase


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

    def test_the_day_begins_with_the_end_of_maintenance_and_once(self):
        self.mower.write({"rental_state": "maintenance", "maintenance_until": self.today})
        self.env["fleet.vehicle"]._cron_begin_the_day()
        self.assertEqual((self.mower.rental_state, self.mower.availability_status), ("in_service", "available"))
        self.mower.write({"rental_state": "maintenance", "maintenance_until": self.today})
        self.env["fleet.vehicle"]._cron_begin_the_day()
        self.assertEqual(self.mower.rental_state, "maintenance")

    def test_views_add_up_also_after_they_were_put_together(self):
        visits = self.env["fleet.vehicle.visit"]
        visits.create([{"vehicle_id": self.mower.id}] * 3)
        visits._gc_visits()
        visits.create({"vehicle_id": self.mower.id})
        self.mower.invalidate_recordset(["view_count"])
        self.assertEqual(self.mower.view_count, 4)
        self.assertEqual(visits.search_count([("vehicle_id", "=", self.mower.id)]), 2)
