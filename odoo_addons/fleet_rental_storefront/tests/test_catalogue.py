from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestCatalogue(TransactionCase):
    def test_an_empty_odoo_becomes_a_shop_and_a_second_import_changes_nothing(self):
        catalogue = self.env["fleet.rental.catalogue"]
        catalogue.import_example()
        vehicles = self.imported()
        self.assertEqual(len(vehicles), 15)
        for vehicle in vehicles:
            with self.subTest(vehicle=vehicle.name):
                self.assertTrue(vehicle.rental_published and vehicle.rental_price_monthly and vehicle.category_id)
                self.assertTrue(vehicle.specification_ids and vehicle.feature_ids and vehicle.rental_terms)
                self.assertEqual(vehicle.rental_image_ids.mapped("is_primary"), [True, False])
        vehicles[0].rental_price_daily = 1
        self.assertEqual(catalogue.import_example(), {"created": 0, "restored": 0, "kept": 15})
        self.assertEqual(self.imported(), vehicles)
        self.assertEqual(vehicles[0].rental_price_daily, 1)

    def test_an_imported_machine_that_lost_its_rates_gets_them_again(self):
        catalogue = self.env["fleet.rental.catalogue"]
        catalogue.import_example()
        lost = self.imported()[:2]
        lost.rental_image_ids.unlink()
        lost.specification_ids.unlink()
        lost.write({"rental_published": False, "rental_price_daily": 0, "rental_name": False})
        self.assertEqual(catalogue.import_example(), {"created": 0, "restored": 2, "kept": 13})
        self.assertTrue(all(vehicle.rental_published and vehicle.rental_price_daily for vehicle in lost))

    def test_only_managers_import(self):
        clerk = new_test_user(self.env, "clerk", "fleet_rental_storefront.group_user")
        for call in (lambda one: one.import_example(), lambda one: one.import_shop("http://127.0.0.1:9")):
            with self.assertRaises(AccessError):
                call(self.env["fleet.rental.catalogue"].with_user(clerk))

    def imported(self):
        known = [("module", "=", "__import__"), ("model", "=", "fleet.vehicle")]
        ids = self.env["ir.model.data"].search(known, order="id").mapped("res_id")
        return self.env["fleet.vehicle"].browse(ids)
