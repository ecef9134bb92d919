"""Companies are kept apart: a database has one storefront, and with it one company that rents out."""

from odoo.tests import HttpCase, tagged

from .common import RentalCase

KEY = "a key of these tests"


@tagged("post_install", "-at_install")
class TestCompanies(RentalCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Elsewhere"})
        cls.digger.company_id = cls.other
        cls.env["ir.config_parameter"].set_param("fleet_rental_storefront.api_key", KEY)

    def get(self, path):
        return self.url_open(f"/api/fleet/{path}", headers={"X-API-Key": KEY})

    def test_machines_of_another_company_are_not_on_the_website(self):
        listed = [line["id"] for line in self.get("vehicles?limit=1000").json()["data"]]
        self.assertIn(self.mower.id, listed)
        self.assertNotIn(self.digger.id, listed)
        self.assertEqual(self.get(f"vehicle/{self.digger.id}").status_code, 404)

    def test_bookings_of_another_company_are_not_read(self):
        ours, theirs = self.book(10, 12), self.book(10, 12, self.digger)
        self.assertEqual(self.get(f"booking/{ours.reference}").status_code, 200)
        self.assertEqual(self.get(f"booking/{theirs.reference}").status_code, 404)
        read = [booking["booking_ref"] for booking in self.get("bookings").json()["data"]]
        self.assertIn(ours.reference, read)
        self.assertNotIn(theirs.reference, read)

    def test_a_contact_of_another_company_is_not_taken_for_a_customer(self):
        values = {"name": "Theirs", "email": "bob@example.com", "company_id": self.other.id}
        theirs = self.env["res.partner"].create(values)
        made = self.env["fleet.rental.booking"].browse(self.place(10, 12)["booking_id"])
        self.assertNotEqual(made.partner_id, theirs)
        again = self.env["fleet.rental.booking"].browse(self.place(20, 22)["booking_id"])
        self.assertEqual(again.partner_id, made.partner_id)

    def test_an_archived_contact_is_known_again(self):
        self.customer.active = False
        made = self.env["fleet.rental.booking"].browse(self.place(10, 12, email="ada@example.com")["booking_id"])
        self.assertEqual(made.partner_id, self.customer)
