from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import RentalCase

PIXEL = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@tagged("post_install", "-at_install")
class TestAccess(RentalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(cls.env, "clerk", "fleet_rental_storefront.group_user")
        cls.manager = new_test_user(cls.env, "boss", "fleet_rental_storefront.group_manager")
        cls.colleague = new_test_user(cls.env, "colleague", "base.group_user")

    def test_a_user_handles_bookings_and_reads_equipment(self):
        booking = self.book(10, 14).with_user(self.clerk)
        booking.action_confirm()
        booking.action_cancel()
        self.assertEqual(booking.vehicle_id.name, "Mower")
        with self.assertRaises(AccessError):
            booking.vehicle_id.rental_price_daily = 1
        with self.assertRaises(AccessError):
            booking.unlink()
        with self.assertRaises(AccessError):
            self.env["fleet.rental.event"].with_user(self.clerk).search([])

    def test_a_manager_handles_equipment_too(self):
        vehicle = self.mower.with_user(self.manager)
        vehicle.rental_price_daily = 1
        vehicle.action_unpublish()
        self.assertFalse(self.mower.rental_published)

    def test_a_user_may_change_bookings_while_the_site_is_told(self):
        self.listen()
        self.book(10, 14).with_user(self.clerk).action_confirm()
        self.assertIn("booking.confirmed", self.told())

    def test_others_see_no_customers(self):
        with self.assertRaises(AccessError):
            self.book(10, 14).with_user(self.colleague).read(["customer_name"])

    def test_the_public_sees_pictures_of_published_machines_only(self):
        images = self.env["fleet.rental.image"]
        image = images.create({"vehicle_id": self.mower.id, "name": "Front", "image_1920": PIXEL})
        asked = self.env["ir.binary"].with_user(self.env.ref("base.public_user"))
        for record in (image, self.mower):
            self.assertEqual(asked._find_record(None, record._name, record.id, field="image_1920"), record)
        with self.assertRaises(AccessError):
            asked._find_record(None, "fleet.vehicle", self.mower.id, field="image_128")
        self.mower.rental_published = False
        for record in (image, self.mower):
            with self.assertRaises(AccessError):
                asked._find_record(None, record._name, record.id, field="image_1920")

    def test_users_see_bookings_of_their_company_only(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.digger.company_id = other
        booking = self.book(10, 14, self.digger)
        self.assertNotIn(booking, booking.with_user(self.clerk).search([]))
