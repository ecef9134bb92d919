from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestCatalogue(TransactionCase):
    def test_an_empty_odoo_becomes_a_shop_in_one_step_and_a_second_one_changes_nothing(self):
        vehicles = self.env["fleet.vehicle"].import_catalogue()
        self.assertEqual(len(vehicles), 15)
        for vehicle in vehicles:
            with self.subTest(vehicle=vehicle.name):
                self.assertTrue(vehicle.rental_published and vehicle.rental_price_monthly and vehicle.category_id)
                self.assertTrue(vehicle.specification_ids and vehicle.feature_ids and vehicle.rental_terms)
                self.assertEqual(vehicle.rental_image_ids.mapped("is_primary"), [True, False])
        self.assertEqual(self.env["fleet.vehicle"].import_catalogue(), vehicles)
