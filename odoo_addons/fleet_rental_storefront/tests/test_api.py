from odoo.tests import HttpCase, tagged

from .common import RentalCase


@tagged("post_install", "-at_install")
class TestApi(RentalCase, HttpCase):
    def test_only_published_machines_are_listed_in_the_short_form(self):
        self.digger.rental_published = False
        answer = self.ask("vehicles", limit=1000)
        listed = {line["id"]: line for line in answer["data"]}
        self.assertIn(self.mower.id, listed)
        self.assertNotIn(self.digger.id, listed)
        self.assertEqual(answer["pagination"]["total"], len(listed))
        self.assertLess({"category", "write_date"}, set(listed[self.mower.id]))
        self.assertNotIn("full_description", listed[self.mower.id])

    def test_the_list_is_narrowed_by_what_is_asked(self):
        self.mower.write({"is_featured": True, "rental_price_daily": 20, "fuel_type": "diesel"})
        self.book(10, 14, self.digger)
        wanted = {"brand_id": self.model.brand_id.id}
        only = [self.mower.id]
        dates = {"available_from": str(self.day(9)), "available_to": str(self.day(11))}
        for filters in ({"featured": "true"}, {"max_price": 21}, {"fuel_type": "diesel"}, dates):
            with self.subTest(filters=filters):
                listed = self.ask("vehicles", **wanted, **filters)["data"]
                self.assertEqual([line["id"] for line in listed], only)

    def test_what_the_list_cannot_be_narrowed_by_is_400(self):
        for wrong in (
            {"available_from": "soon"},
            {"available_to": "2024-02-31"},
            {"limit": "x"},
            {"min_price": "-1"},
        ):
            with self.subTest(wrong=wrong):
                self.ask("vehicles", status=400, **wrong)

    def test_each_look_at_a_machine_is_counted(self):
        seen = [self.ask(f"vehicle/{self.mower.id}")["data"]["view_count"] for _look in range(2)]
        self.assertEqual(seen, [1, 2])

    def test_what_is_not_there_or_not_published_is_404(self):
        self.digger.rental_published = False
        for vehicle_id in (self.digger.id, 10**9, 2**40):
            with self.subTest(vehicle_id=vehicle_id):
                self.assertEqual(self.ask(f"vehicle/{vehicle_id}", status=404)["error"], "vehicle_not_found")

    def test_a_quote_and_a_booking_and_then_the_days_are_taken(self):
        body = self.body(10, 14)
        quote = self.ask("availability", body)
        expected = {"available": True, "days": 4, "estimated_price": 600, "daily_rate": 150}
        self.assertEqual({name: quote[name] for name in expected}, expected)
        booked = self.ask("booking", body, status=201)
        self.assertEqual(booked["estimated_price"], 600)
        self.assertEqual(self.ask("booking", body, status=409)["error"], "not_available")
        self.assertEqual(self.ask("availability", body)["estimated_price"], 0)

    def test_a_wrong_request_is_400_and_its_field_is_named(self):
        wrong = [
            ("date_from", "soon"),
            ("date_from", "2024-02-31"),
            ("date_to", 5),
            ("vehicle_id", "x"),
            ("customer_name", " "),
            ("customer_email", "no address"),
            ("customer_phone", None),
            ("booking_type", "gift"),
            ("message", ["no text"]),
        ]
        for name, value in wrong:
            with self.subTest(name=name, value=value):
                answer = self.ask("booking", {**self.body(10, 14), name: value}, status=400)
                self.assertIn(name, answer["message"])
        for body in (b"", b"nonsense", b"[]", b"\xff"):
            with self.subTest(body=body):
                answer = self.url_open("/api/fleet/booking", data=body, headers=JSON, method="POST")
                self.assertEqual(answer.status_code, 400)
        self.assertFalse(self.mower.booking_ids)

    def test_a_key_makes_a_booking_safe_to_repeat(self):
        first = self.ask("booking", self.body(10, 14), status=201, key="once")
        self.assertEqual(self.ask("booking", self.body(10, 14), status=201, key="once"), first)
        self.ask("booking", self.body(20, 24), status=422, key="once")
        self.assertEqual(len(self.mower.booking_ids), 1)

    def test_the_busy_days_are_those_within_what_is_asked(self):
        self.book(10, 14)
        self.book(14, 16)
        path = f"vehicle/{self.mower.id}/busy"
        busy = self.ask(path, **{"from": str(self.day(12)), "to": str(self.day(30))})["data"]
        self.assertEqual(busy, [{"date_from": str(self.day(12)), "date_to": str(self.day(16))}])
        for wrong in (
            {"from": "x", "to": "y"},
            {"from": "2030-01-02", "to": "2030-01-02"},
            {"from": "2030-01-02"},
        ):
            with self.subTest(wrong=wrong):
                self.ask(path, status=400, **wrong)
        self.ask("vehicle/999999/busy", status=404, **{"from": "2030-01-02", "to": "2030-01-03"})

    def test_days_however_far_away_are_answered(self):
        for day in ("0001-01-01", "9999-12-31"):
            for path, query in (("calendar", {"from": day}), (f"vehicle/{self.mower.id}/busy", {"from": day})):
                to = {} if path == "calendar" else {"to": "9999-12-31" if day < "9" else "0001-01-01"}
                with self.subTest(path=path, day=day):
                    status = 400 if path != "calendar" and day > "9" else 200
                    self.ask(path, status=status, **query, **to)
        self.mower.rental_buffer_days = 5
        body = {**self.body(1, 2), "date_from": "9999-12-29", "date_to": "9999-12-31"}
        self.assertEqual(self.ask("availability", body)["reasons"][0]["code"], "too_far")
        self.assertEqual(self.ask("booking", body, status=400)["error"], "not_bookable")

    def test_the_filters_name_what_there_is(self):
        brands = self.ask("filters")["filters"]["brands"]
        self.assertIn({"id": self.model.brand_id.id, "name": "Acme"}, brands)

    def test_with_a_key_in_settings_bookings_are_not_reached_without_it(self):
        for wanted in ("open sesame", "schlüssel"):
            self.env["ir.config_parameter"].set_param("fleet_rental_storefront.api_key", wanted)
            for key, status in ((None, 401), ("wrong", 401), (wanted, 404)):
                headers = {"X-API-Key": key.encode()} if key else {}
                self.assertEqual(self.url_open("/api/fleet/booking/BK-1", headers=headers).status_code, status)
            self.assertEqual(self.url_open("/api/fleet/filters").status_code, 200)

    def test_answers_are_open_to_all_origins_and_set_no_cookie(self):
        for path, status in (("filters", 200), ("vehicle/999999", 404)):
            answer = self.url_open(f"/api/fleet/{path}")
            self.assertEqual(answer.status_code, status)
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
            self.assertNotIn("Set-Cookie", answer.headers)

    def body(self, first, last):
        return {
            "vehicle_id": self.mower.id,
            "customer_name": "Bob",
            "customer_email": "bob@example.com",
            "customer_phone": "1",
            "date_from": str(self.day(first)),
            "date_to": str(self.day(last)),
        }

    def ask(self, path, body=None, *, status=200, key=None, **query):
        """The JSON that the API answers, after a look at its status and envelope."""
        headers = {"Idempotency-Key": key} if key else {}
        question = {"params": query} if body is None else {"json": body}
        method = "GET" if body is None else "POST"
        answer = self.url_open(f"/api/fleet/{path}", method=method, headers=headers, **question)
        self.assertEqual(answer.status_code, status, answer.text)
        content = answer.json()
        self.assertEqual(content["success"], status < 400)  # noqa: PLR2004 - where errors begin
        return content


JSON = {"Content-Type": "application/json"}
