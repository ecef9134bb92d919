from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import ExclusionViolation

from ..exceptions import DatesTaken, KeyReused, Refusal
from .common import RentalCase


@tagged("post_install", "-at_install")
class TestBooking(RentalCase):
    def test_a_booking_has_a_reference_a_price_and_a_customer(self):
        booking = self.book(10, 14)
        self.assertRegex(booking.reference, rf"^BK-{self.today:%Y%m%d}-[0-9A-F]{{8}}$")
        self.assertEqual((booking.days, booking.total_amount, booking.customer_email), (4, 600, "ada@example.com"))

    def test_the_database_itself_refuses_a_double_booking(self):
        self.book(10, 14)
        with mute_logger("odoo.sql_db"), self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
            self.book(13, 15)
        self.assertTrue(self.book(14, 16), "the day of return is free")
        self.assertTrue(self.book(13, 15, self.digger), "another machine is free")

    def test_what_is_cancelled_or_returned_or_only_asked_holds_nothing(self):
        self.book(10, 14).action_cancel()
        self.book(10, 14, booking_type="inquiry")
        returned = self.book(10, 14)
        returned.action_confirm()
        returned.action_pick_up()
        returned.action_return()
        self.assertTrue(self.mower._is_free(self.day(10), self.day(14)))
        self.assertTrue(self.book(10, 14))

    def test_the_buffer_keeps_the_machine_free_after_and_before_a_rental(self):
        self.mower.rental_buffer_days = 2
        self.book(10, 14)
        free = {first: self.mower._is_free(self.day(first), self.day(first + 1)) for first in (7, 8, 15, 16)}
        self.assertEqual(free, {7: True, 8: False, 15: False, 16: True})
        with mute_logger("odoo.sql_db"), self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
            self.book(15, 17)

    def test_an_overdue_rental_stays_busy_until_it_is_returned(self):
        late = self.book(-5, -2, state="picked_up")
        self.assertTrue(late.is_overdue)
        self.assertIn(late, late.search([("is_overdue", "=", True)]))
        self.assertNotIn(late, late.search([("is_overdue", "=", False)]))
        self.assertEqual(self.mower.availability_status, "rented")
        self.assertFalse(self.mower._is_free(self.today, self.day(2)))
        self.assertTrue(self.mower._is_free(self.day(1), self.day(2)))
        with self.assertRaises(DatesTaken):
            self.place(0, 2)
        with self.assertRaises(ValidationError):
            self.book(0, 2)
        late.action_return()
        self.assertTrue(self.place(0, 2))

    def test_the_steps_of_a_booking_cannot_be_skipped(self):
        booking = self.book(10, 14)
        with self.assertRaises(UserError):
            booking.action_return()
        booking.action_confirm()
        with self.assertRaises(UserError):
            booking.action_confirm()
        booking.action_pick_up()
        with self.assertRaises(UserError):
            booking.action_cancel()
        with self.assertRaises(UserError):
            booking.unlink()

    def test_a_booking_that_is_moved_is_priced_anew_and_one_that_is_not_keeps_its_price(self):
        booking = self.book(10, 14)
        self.mower.rental_price_daily = 1
        self.assertEqual(booking.total_amount, 600)
        booking.date_to = self.day(12)
        self.assertEqual((booking.days, booking.total_amount), (2, 2))

    def test_a_customer_is_known_by_the_mail_address_and_not_changed_by_strangers(self):
        first = self.place(10, 12, email="ada@example.com")
        made = self.env["fleet.rental.booking"].browse(first["booking_id"])
        self.assertEqual((made.partner_id, made.customer_name), (self.customer, "Bob"))
        self.assertEqual(self.customer.name, "Ada")
        new = self.env["fleet.rental.booking"].browse(self.place(12, 14)["booking_id"])
        self.assertEqual((new.partner_id.name, new.partner_id.email), ("Bob", "bob@example.com"))

    def test_customers_are_told_why_a_booking_cannot_be(self):
        self.mower.write({"minimum_rental_days": 2, "maximum_rental_days": 5})
        for first, last in ((-1, 3), (3, 3), (3, 4), (3, 9)):
            with self.subTest(first=first, last=last), self.assertRaises(Refusal):
                self.place(first, last)
        self.assertFalse(self.mower.booking_ids)

    def test_the_same_key_gives_the_same_booking_and_another_request_is_refused(self):
        first = self.place(10, 12, key="k1", body="one")
        self.assertEqual(self.place(10, 12, key="k1", body="one"), first)
        with self.assertRaises(KeyReused):
            self.place(20, 22, key="k1", body="two")
        self.assertEqual(len(self.mower.booking_ids), 1)

    def test_the_calendar_of_equipment_shows_when_a_machine_is_out_next(self):
        self.book(-9, -5, state="returned")
        self.book(10, 14)
        self.assertEqual((self.mower.next_busy_from, self.mower.next_busy_to), (self.day(10), self.day(13)))
        shown = [("next_busy_from", "<=", self.day(30)), ("next_busy_to", ">=", self.day(0))]
        self.assertEqual(self.env["fleet.vehicle"].search([("model_id", "=", self.model.id), *shown]), self.mower)

    def test_bookings_are_counted_by_their_kind(self):
        self.book(1, 2)
        self.book(3, 4, booking_type="inquiry")
        self.assertEqual((self.mower.booking_count, self.mower.inquiry_count), (1, 1))
