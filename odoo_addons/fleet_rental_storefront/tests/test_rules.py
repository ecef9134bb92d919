"""One check stands behind booking, availability and the list."""

import random

from odoo.tests import tagged

from ..exceptions import DatesTaken, Refusal
from .common import RentalCase


@tagged("post_install", "-at_install")
class TestRules(RentalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.storefront = cls.env["fleet.rental.storefront"]._current()

    def codes(self, first, last, vehicle=None):
        reasons = (vehicle or self.mower)._rental_reasons(self.day(first), self.day(last))
        return [reason["code"] for reason in reasons]

    def test_each_reason_has_its_code_and_number(self):
        self.mower.write({"minimum_rental_days": 2, "maximum_rental_days": 5})
        self.storefront.write({"lead_days": 1, "horizon_days": 30})
        self.assertEqual(self.codes(5, 8), [])
        self.assertEqual(self.codes(5, 6), ["too_short"])
        self.assertEqual(self.codes(5, 12), ["too_long"])
        self.assertEqual(self.codes(0, 2), ["too_soon"])
        self.assertEqual(self.codes(31, 33), ["too_far"])
        asked = ((5, 6), (0, 2), (31, 33))
        limits = [self.mower._rental_reasons(self.day(a), self.day(b))[0]["limit"] for a, b in asked]
        self.assertEqual(limits, [2, 1, 30])

    def test_first_and_last_day_have_to_be_open_and_days_between_not(self):
        self.storefront.closed_day_ids = [(0, 0, {"date": self.day(5)})]
        self.assertEqual(self.codes(5, 7), ["closed_start"])
        self.assertEqual(self.codes(3, 5), ["closed_return"])
        self.assertEqual(self.codes(4, 6), [])
        self.storefront.closed_day_ids.unlink()
        self.storefront.opening_ids.filtered(lambda one: one.weekday == str(self.day(5).weekday())).unlink()
        self.assertEqual(self.codes(5, 7), ["closed_start"])

    def test_after_the_cut_off_today_is_too_soon(self):
        self.storefront.cut_off = "00:00"
        self.assertEqual(self.codes(0, 2), ["too_soon"])
        self.assertEqual(self.codes(1, 2), [])

    def test_what_is_for_sale_sold_without_a_rate_or_in_maintenance_cannot_be_rented(self):
        sale = self.vehicle("For sale", rental_price_daily=0, listing_type="sale")
        self.assertEqual(self.codes(5, 7, sale), ["not_for_rent"])
        self.digger.rental_state = "sold"
        self.assertEqual(self.codes(5, 7, self.digger), ["not_for_rent"])
        self.mower.write({"rental_state": "maintenance", "maintenance_until": self.day(6)})
        self.assertEqual(self.codes(5, 7), ["in_maintenance"])
        self.assertEqual(self.codes(6, 7), [])

    def test_the_next_range_that_can_be_booked_has_the_same_length(self):
        self.book(5, 8)
        self.storefront.closed_day_ids = [(0, 0, {"date": self.day(8)}), (0, 0, {"date": self.day(11)})]
        self.assertEqual(self.mower._next_bookable(self.day(6), self.day(8)), (self.day(10), self.day(12)))
        self.mower.minimum_rental_days = 3
        self.assertIsNone(self.mower._next_bookable(self.day(6), self.day(8)))

    def test_list_availability_and_booking_agree(self):
        dice = random.Random(7)
        self.storefront.write({"lead_days": 1, "horizon_days": 40})
        self.storefront.closed_day_ids = [(0, 0, {"date": self.day(day)}) for day in (4, 13, 20)]
        self.mower.write({"minimum_rental_days": 2, "rental_buffer_days": 2})
        self.digger.maximum_rental_days = 4
        late = self.vehicle("Late", rental_buffer_days=1)
        self.book(-5, -2, late, state="picked_up")
        broken = self.vehicle("Broken", rental_state="maintenance", maintenance_until=self.day(9))
        sale = self.vehicle("For sale", listing_type="sale")
        vehicles = self.mower + self.digger + late + broken + sale
        for _round in range(150):
            vehicle, first = dice.choice(vehicles), dice.randint(0, 42)
            dates = self.day(first), self.day(first + dice.randint(1, 6))
            bookable = not vehicle._rental_reasons(*dates)
            listed = self.env["fleet.vehicle"].search(self.env["fleet.vehicle"]._bookable_domain(*dates))
            self.assertEqual(vehicle in listed, bookable, (vehicle.name, dates))
            free = vehicle._next_bookable(*dates)
            self.assertFalse(free and vehicle._rental_reasons(*free))
            if dice.randint(1, 3) == 1:
                self.assertEqual(self.was_booked(vehicle, dates), bookable)

    def was_booked(self, vehicle, dates):
        try:
            customer = {"name": "A", "email": "a@example.com", "phone": "1"}
            self.env["fleet.rental.booking"]._place(vehicle, dates, customer, {})
        except (Refusal, DatesTaken):
            return False
        return True
