from datetime import timedelta

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import RentalCase
from .test_access import PIXEL


@tagged("post_install", "-at_install")
class TestDesk(RentalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(cls.env, "desk", "fleet_rental_storefront.group_user")
        cls.storefront = cls.env["fleet.rental.storefront"]._current()

    def as_clerk(self, model):
        return self.env[model].with_user(self.clerk)

    def test_a_user_books_for_a_customer_who_is_new(self):
        form = Form(self.as_clerk("fleet.rental.booking"))
        form.vehicle_id = self.mower
        (partner, _name) = self.as_clerk("res.partner").name_create("Nora")
        form.partner_id = self.env["res.partner"].browse(partner)
        form.customer_phone = "+1 218 555 0188"
        form.date_from, form.date_to = self.day(3), self.day(5)
        self.assertEqual(form.save().total_amount, 300)

    def test_what_is_in_the_way_is_named_before_saving_with_the_next_free_days(self):
        other = self.book(10, 14)
        form = Form(self.as_clerk("fleet.rental.booking"))
        form.vehicle_id = self.mower
        form.date_from, form.date_to = self.day(12), self.day(14)
        self.assertIn(other.reference, form.warning)
        self.assertIn("Ada", form.warning)
        self.assertIn("Next free days", form.warning)
        form.date_from, form.date_to = self.day(14), self.day(16)
        self.assertFalse(form.warning)

    def test_a_booking_is_not_in_its_own_way(self):
        booking = self.book(10, 14)
        with Form(booking.with_user(self.clerk)) as form:
            form.date_to = self.day(16)
            self.assertFalse(form.warning)

    def test_staff_are_told_what_the_website_would_refuse(self):
        for values, sentence in (
            ({"rental_state": "maintenance"}, "in maintenance"),
            ({"rental_state": "sold"}, "is sold"),
            ({"active": False}, "is archived"),
            ({"listing_type": "sale"}, "for sale only"),
        ):
            vehicle = self.vehicle("Special", **values)
            with self.subTest(values=values):
                self.assertIn(sentence, self.book(3, 5, vehicle).warning)
        self.assertIn("first day is over", self.book(-3, 2).warning)
        self.assertFalse(self.book(-3, 2, self.digger, state="returned").warning)

    def test_bookings_that_a_maintenance_meets_are_named_on_the_machine(self):
        self.assertFalse(self.mower.rental_warning)
        booking = self.book(3, 5)
        self.book(10, 12)
        self.mower.write({"rental_state": "maintenance", "maintenance_until": self.day(8)})
        self.assertIn(booking.reference, self.mower.rental_warning)
        self.assertEqual(self.mower.rental_warning.count("Ada"), 1)
        self.mower.write({"rental_state": "sold"})
        self.assertEqual(self.mower.rental_warning.count("Ada"), 2)

    def test_today_has_what_is_to_be_done_on_this_day(self):
        out = self.book(0, 2, state="confirmed")
        back = self.book(-3, 0, self.digger, state="picked_up")
        late = self.book(-5, -1, self.vehicle("Late"), state="picked_up")
        new = self.book(5, 7)
        self.book(9, 10, state="confirmed")
        broken = self.vehicle("Broken", rental_state="maintenance")
        seen = self.storefront.with_user(self.clerk)
        bookings = out | back | late | new
        found = {name: seen[name] & bookings for name in ("out_ids", "back_ids", "overdue_ids", "to_confirm_ids")}
        self.assertEqual(found, {"out_ids": out, "back_ids": back, "overdue_ids": late, "to_confirm_ids": new})
        self.assertIn(broken, seen.maintenance_ids)

    def test_the_strip_of_a_machine_covers_each_day_once(self):
        booking = self.book(2, 5, state="confirmed")
        self.book(5, 6)
        self.mower.rental_buffer_days = 1
        self.book(10, 12)
        self.book(-9, -3, self.digger, state="picked_up")
        broken = self.vehicle("Broken", rental_state="maintenance", maintenance_until=self.day(4))
        for vehicle in (self.mower, self.digger, broken):
            for after in (0, 28):
                strip = vehicle.with_context(timeline_after=after).rental_timeline
                days = [int(part.split('"')[0]) for part in strip.split("--days: ")[1:]]
                with self.subTest(vehicle=vehicle.name, after=after):
                    self.assertEqual(sum(days), 31)
        self.assertIn(booking.reference, self.mower.rental_timeline)
        self.assertIn("o_rental_buffer", self.mower.rental_timeline)
        self.assertIn("o_rental_overdue", self.digger.rental_timeline)
        self.assertIn("Maintenance", broken.rental_timeline)

    def test_a_name_in_the_strip_is_text_and_no_markup(self):
        self.book(2, 5, customer_name="<script>alert(1)</script>")
        self.assertNotIn("<script", self.mower.rental_timeline)

    def take_back(self, booking, **values):
        wizard = self.as_clerk("fleet.rental.return").with_context(active_id=booking.id).create(values)
        return wizard.action_take_back()

    def test_a_damaged_machine_comes_back_into_maintenance_by_a_user(self):
        booking = self.book(-2, 0, state="picked_up")
        done = self.take_back(
            booking,
            condition="damaged",
            note="The chute is bent",
            photo=PIXEL,
            maintenance_until=self.day(4),
        )
        self.assertIs(done, True)
        self.assertEqual((booking.state, booking.return_condition), ("returned", "damaged"))
        self.assertEqual((self.mower.rental_state, self.mower.maintenance_until), ("maintenance", self.day(4)))
        self.assertTrue(booking.message_ids.attachment_ids)
        with self.assertRaises(AccessError):
            self.mower.with_user(self.clerk).rental_state = "in_service"

    def test_a_machine_in_good_order_stays_in_service(self):
        booking = self.book(-2, 0, state="picked_up")
        self.take_back(booking)
        self.assertEqual((booking.state, booking.return_condition), ("returned", "good"))
        self.assertEqual(self.mower.rental_state, "in_service")

    def test_a_maintenance_that_is_over_is_refused_and_the_machine_stays_out(self):
        booking = self.book(-2, 0, state="picked_up")
        with self.assertRaises(ValidationError):
            self.take_back(booking, condition="damaged", maintenance_until=self.today - timedelta(days=1))
        self.assertEqual(booking.state, "picked_up")

    def test_the_reason_of_a_cancellation_is_told_also_when_it_is_corrected(self):
        booking = self.book(3, 5)
        self.listen()
        wizard = self.as_clerk("fleet.rental.cancellation").with_context(active_ids=booking.ids)
        self.assertIs(wizard.create({"reason": "Stolen"}).action_cancel(), True)
        self.events()  # ends what would be a transaction
        booking.cancellation_reason = "Broken"
        reasons = [body["cancellation_reason"] for body in self.bodies() if "cancellation_reason" in body]
        reasons += [body["changes"]["cancellation_reason"] for body in self.bodies() if "changes" in body]
        self.assertEqual(reasons, ["Stolen", "Broken"])

    def test_every_step_gives_true_so_that_it_can_be_called_over_xml_rpc(self):
        booking = self.book(0, 2)
        steps = [booking.action_confirm, booking.action_pick_up, booking.action_return]
        steps += [self.book(5, 6).action_cancel, self.mower.action_unpublish, self.mower.action_publish]
        self.assertEqual([step() for step in steps], [True] * len(steps))

    def test_a_booking_dragged_by_more_than_its_length_keeps_it(self):
        booking = self.book(3, 4)
        booking.write({"date_from": self.day(9), "last_day": self.day(9)})
        self.assertEqual((booking.date_from, booking.date_to), (self.day(9), self.day(10)))
