"""What many machines cost in queries; how long it takes is measured by `bench/odoo_scale.py`."""

from odoo.fields import Domain
from odoo.tests import tagged

from .common import RentalCase

MANY = 300


@tagged("post_install", "-at_install")
class TestScale(RentalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        values = {"rental_price_daily": 50, "model_id": cls.model.id, "rental_published": True}
        cls.many = cls.env["fleet.vehicle"].create(
            [{**values, "rental_name": f"Machine {n}"} for n in range(MANY)]
        )
        cls.env.cr.flush()

    def queries(self, work):
        self.env.cr.flush()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        work()
        self.env.cr.flush()
        return self.env.cr.sql_log_count - before

    def test_a_price_round_takes_a_number_of_queries_that_does_not_grow_with_the_machines(self):
        self.listen()

        def raise_all(vehicles):
            for vehicle in vehicles:
                vehicle.rental_price_daily += 1

        few, many = (
            self.queries(lambda vehicles=vehicles: raise_all(vehicles)) for vehicles in (self.many[:60], self.many)
        )
        self.assertLess(many, few + 40)
        self.assertEqual(len(self.events()), MANY + 60)

    def test_the_timeline_takes_a_number_of_queries_that_does_not_grow_with_the_machines(self):
        few, many = (
            self.queries(lambda vehicles=vehicles: vehicles.mapped("rental_timeline"))
            for vehicles in (self.many[:10], self.many)
        )
        self.assertLessEqual(many, few + 2)

    def test_the_list_of_what_can_be_booked_takes_few_queries(self):
        vehicles = self.env["fleet.vehicle"]

        def listed():
            domain = Domain("rental_published", "=", True) & vehicles._bookable_domain(self.day(5), self.day(7))
            self.assertGreater(vehicles.search_count(domain), MANY)
            self.assertEqual(len(vehicles.search(domain, limit=20)), 20)

        self.assertLessEqual(self.queries(listed), 15)

    def test_a_morning_on_which_nothing_is_due_takes_few_queries(self):
        self.env["ir.config_parameter"].set_param("fleet_rental_storefront.refreshed_on", str(self.day(-1)))
        self.assertLessEqual(self.queries(self.env["fleet.vehicle"]._cron_begin_the_day), 15)
