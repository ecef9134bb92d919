"""What customers were told stays true through everything that staff do with bookings and machines."""

from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2.errors import CheckViolation, ExclusionViolation

from .common import RentalCase


@tagged("post_install", "-at_install")
class TestPromises(RentalCase):
    def test_a_booking_once_told_is_told_on_when_its_machine_is_hidden(self):
        steps = {
            "unpublished": self.mower.action_unpublish,
            "archived": lambda: self.mower.write({"active": False}),
        }
        for name, take_away in steps.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                booking = self.env["fleet.rental.booking"].browse(self.place(10, 12)["booking_id"])
                self.env.cr.flush()
                take_away()
                self.listen()
                booking.action_confirm()
                booking.pickup_location = "the yard"
                booking.action_cancel("Machine stolen")
                self.assertEqual(
                    [told for told in self.told() if told.startswith("booking")],
                    ["booking.modified", "booking.cancelled"],
                )
                savepoint.rollback()

    def test_each_step_of_a_booking_of_a_retired_machine_is_told(self):
        booking = self.book(0, 2)
        self.env.cr.flush()
        self.mower.action_unpublish()
        self.listen()
        seen = []
        for step in (booking.action_confirm, booking.action_pick_up, booking.action_return):
            step()
            seen += [told for told in self.told()[len(seen) :] if told.startswith("booking")]
        self.assertEqual(seen, ["booking.confirmed", "booking.picked_up", "booking.returned"])

    def test_moving_a_booking_in_the_calendar_keeps_its_length_and_price(self):
        booking = self.book(10, 12)
        for first in (3, 17):
            booking.write({"date_from": self.day(first), "last_day": self.day(first + 1)})
            self.assertEqual((booking.date_to, booking.days, booking.total_amount), (self.day(first + 2), 2, 300))
        booking.write({"last_day": self.day(19)})
        self.assertEqual((booking.date_from, booking.days, booking.total_amount), (self.day(17), 3, 450))

    def test_a_booking_is_not_moved_to_a_day_that_is_over(self):
        booking = self.book(10, 12)
        for values in ({"date_from": self.day(-1)}, {"date_from": self.day(-3), "last_day": self.day(-2)}):
            with self.subTest(values=values), self.assertRaises(UserError):
                booking.write(values)
        booking.write({"date_from": self.today, "date_to": self.day(2)})

    def test_an_early_pick_up_takes_the_days_from_then_on(self):
        booking = self.book(5, 8, state="confirmed")
        booking.action_pick_up()
        self.assertEqual((booking.picked_up_on, booking.busy_from), (self.today, self.today))
        self.assertFalse(self.mower._is_free(self.today, self.day(2)))
        self.assertEqual(self.mower._busy_ranges_within(self.day(0), self.day(20)), [(self.day(0), self.day(8))])
        with mute_logger("odoo.sql_db"), self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
            self.book(1, 3)

    def test_an_early_pick_up_over_another_booking_is_refused(self):
        self.book(2, 4)
        booking = self.book(5, 8, state="confirmed")
        with mute_logger("odoo.sql_db"), self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
            booking.action_pick_up()
            booking.flush_recordset()

    def test_the_buffer_is_kept_after_the_machine_came_back(self):
        self.mower.rental_buffer_days = 3
        for first, last in ((-2, 0), (-2, 4), (-5, -2)):
            with self.subTest(due=last), self.env.cr.savepoint() as savepoint:
                booking = self.book(first, last, state="picked_up")
                booking.action_return()
                self.assertEqual(booking.busy_until, self.day(3))
                free = [day for day in range(6) if self.mower._is_free(self.day(day), self.day(day + 1))]
                self.assertEqual(free, [3, 4, 5])
                with mute_logger("odoo.sql_db"), self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
                    self.book(2, 4)
                savepoint.rollback()

    def test_a_late_return_is_taken_though_the_next_booking_has_begun(self):
        self.mower.rental_buffer_days = 2
        late = self.book(-6, -4, state="picked_up")
        self.mower.rental_buffer_days = 0
        self.env["fleet.rental.booking"].flush_model()
        following = self.book(1, 3)
        self.mower.rental_buffer_days = 3
        late.action_return()
        late.flush_recordset()
        self.assertEqual((late.busy_from, late.busy_until), (self.today, following.busy_from))

    def test_a_booking_that_becomes_an_inquiry_is_told_to_hold_nothing(self):
        booking = self.book(10, 12)
        self.listen()
        booking.booking_type = "inquiry"
        self.assertEqual(set(self.told()), {"booking.modified", "vehicle.availability_changed"})
        body = next(body for body in self.bodies() if body["event_type"] == "booking.modified")
        self.assertEqual(body["changes"]["holds_days"], False)
        self.assertEqual((body["booking_type"], body["holds_days"]), ("inquiry", False))

    def test_another_machine_is_told_with_its_price(self):
        booking = self.book(10, 12)
        self.digger.rental_price_daily = 200
        self.listen()
        booking.vehicle_id = self.digger
        body = next(body for body in self.bodies() if body["event_type"] == "booking.modified")
        expected = {"vehicle_id": self.digger.id, "total_amount": 400, "currency": "USD"}
        self.assertEqual(body["changes"], expected)
        self.assertEqual({name: body[name] for name in expected}, expected)

    def test_an_agreed_price_stays_when_days_or_machine_change(self):
        booking = self.book(10, 13)
        booking.total_amount = 100
        self.assertTrue(booking.price_agreed)
        for values in ({"date_to": self.day(14)}, {"vehicle_id": self.digger.id}, {"date_from": self.day(9)}):
            booking.write(values)
            self.assertEqual(booking.total_amount, 100)
        booking.price_agreed = False
        booking.date_to = self.day(12)
        self.assertEqual(booking.total_amount, 450)

    def test_a_price_agreed_when_booking_stays(self):
        booking = self.book(10, 13, total_amount=100)
        booking.date_to = self.day(14)
        self.assertEqual((booking.total_amount, booking.price_agreed), (100, True))
        by_rates = self.book(20, 22, total_amount=300)
        self.assertFalse(by_rates.price_agreed)

    def test_a_form_keeps_an_agreed_price_and_prices_others_anew(self):
        agreed, priced = self.book(10, 13, total_amount=100), self.book(20, 22)
        for booking, amount in ((agreed, 100), (priced, 450)):
            with Form(booking) as form:
                form.date_to = booking.date_from + timedelta(days=3 if booking == priced else 4)
            self.assertEqual((booking.total_amount, booking.price_agreed), (amount, booking == agreed))

    def test_every_way_to_write_a_booking_keeps_to_its_steps(self):
        booking = self.book(10, 12)
        for values in ({"state": "returned"}, {"state": "picked_up"}, {"reference": "BK-1"}):
            with self.subTest(values=values), self.assertRaises(UserError):
                booking.write(values)
        booking.action_cancel()
        moved = ({"date_to": self.day(13)}, {"vehicle_id": self.digger.id})
        for values in ({"state": "draft"}, {"total_amount": 1}, *moved):
            with self.subTest(values=values), self.assertRaises(UserError):
                booking.write(values)
        booking.cancellation_reason = "The trailer broke"

    def test_a_price_below_zero_is_refused(self):
        booking = self.book(10, 12)
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.env.cr.savepoint():
            booking.total_amount = -50
            booking.flush_recordset()

    def test_a_reason_that_is_corrected_is_told(self):
        booking = self.book(10, 12)
        booking.action_cancel()
        self.listen()
        booking.cancellation_reason = "The trailer broke"
        self.assertEqual(self.told(), ["booking.modified"])
        self.assertEqual(self.bodies()[0]["changes"]["cancellation_reason"], "The trailer broke")

    def test_a_change_of_the_customer_or_of_a_place_is_told(self):
        booking = self.book(10, 12)
        values = {"customer_name": "Eve", "customer_email": "eve@example.com", "customer_phone": "9"}
        values |= {"pickup_location": "the yard"}
        for name, value in values.items():
            self.listen()
            booking.write({name: value})
            with self.subTest(name):
                self.assertEqual(self.bodies()[0]["changes"], {name: value, "currency": "USD"})

    def test_the_version_of_a_booking_counts_each_transaction_that_changes_it(self):
        booking = self.book(10, 12)
        self.env.cr.flush()
        self.assertEqual(booking.version, 1)
        booking.write({"date_to": self.day(13)})
        booking.action_confirm()
        self.env.cr.flush()
        self.assertEqual(booking.version, 2)
        booking.message = "not for the customer"
        self.env.cr.flush()
        self.assertEqual(booking.version, 2)

    def test_actions_answer_something_that_every_protocol_can_carry(self):
        booking = self.book(0, 2)
        for action in (booking.action_confirm, booking.action_pick_up, booking.action_return):
            self.assertIs(action(), True)
        self.assertIs(self.book(5, 6).action_cancel(), True)
        self.assertIs(self.mower.action_unpublish(), True)
        self.assertIs(self.mower.action_publish(), True)

    def test_a_late_rental_takes_one_more_day_each_morning_and_the_site_hears_of_it(self):
        self.book(-5, -2, state="picked_up")
        self.env.cr.flush()
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("fleet_rental_storefront.refreshed_on", str(self.day(-1)))
        self.listen()
        self.env["fleet.vehicle"]._cron_begin_the_day()
        self.assertEqual(self.told(), ["vehicle.availability_changed"])
        self.env["fleet.vehicle"]._cron_begin_the_day()
        self.assertEqual(len(self.told()), 1)
