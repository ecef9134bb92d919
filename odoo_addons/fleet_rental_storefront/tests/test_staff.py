from datetime import datetime, timedelta
from io import BytesIO
from unittest.mock import patch
from zoneinfo import ZoneInfo

import vobject
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools.pdf import PdfFileReader

from ..labels import sheet
from ..models.fleet_rental_event import LONGEST_PAUSE
from ..models.fleet_rental_schedule import TIMEZONE
from ..models.fleet_rental_staff import FAILING, GIVEN_UP, TO_CONFIRM
from .common import RentalCase


@tagged("post_install", "-at_install")
class TestStaff(RentalCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.storefront = cls.env["fleet.rental.storefront"]._current()
        cls.rita = new_test_user(
            cls.env, "rita", "fleet_rental_storefront.group_user", email="rita@example.com", tz="Asia/Tokyo"
        )
        cls.storefront.responsible_id = cls.rita

    def mails(self):
        return self.env["mail.mail"].sudo().search([("email_to", "ilike", "rita@example.com")], order="id")

    def open_activities(self, record, activity_type):
        return record.activity_search([activity_type])

    # A booking of the website

    def test_a_booking_of_the_website_makes_an_activity_and_a_mail(self):
        reference = self.place(10, 14)["booking_ref"]
        booking = self.mower.booking_ids.filtered(lambda made: made.reference == reference)
        activity = self.open_activities(booking, TO_CONFIRM)
        self.assertEqual((activity.user_id, activity.date_deadline), (self.rita, self.today))
        (mail,) = self.mails()
        self.assertIn("Mower", mail.subject)
        for text in ("Bob", "bob@example.com", reference, f"/odoo/fleet.rental.booking/{booking.id}"):
            self.assertIn(text, mail.body_html)
        self.assertEqual(mail.state, "outgoing")

    def test_the_activity_is_due_on_the_day_of_the_business(self):
        # These two zones never have the same day, so one of them has another day than the server.
        for zone in ("Etc/GMT+12", "Etc/GMT-14"):
            self.env["ir.config_parameter"].set_param(TIMEZONE, zone)
            self.storefront.activity_unlink([FAILING])
            self.storefront._schedule(self.storefront, FAILING)
            due = self.open_activities(self.storefront, FAILING).date_deadline
            self.assertEqual(due, datetime.now(ZoneInfo(zone)).date())

    def test_the_queue_of_mails_is_woken_by_the_commit(self):
        cron = self.env.ref("mail.ir_cron_mail_scheduler_action")
        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search_count([("cron_id", "=", cron.id)])
        self.place(10, 14)
        self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_a_repeated_request_and_a_booking_of_staff_are_not_announced(self):
        self.place(10, 14, key="once", body="x")
        self.place(10, 14, key="once", body="x")
        self.book(20, 22)
        self.assertEqual(len(self.mails()), 1)

    def test_the_activity_goes_when_the_booking_is_confirmed_or_cancelled(self):
        for number, step in enumerate(("action_confirm", "action_cancel")):
            self.place(10 + 5 * number, 12 + 5 * number)
            booking = self.mower.booking_ids.sorted("id")[-1]
            self.assertTrue(self.open_activities(booking, TO_CONFIRM))
            getattr(booking, step)()
            self.assertFalse(self.open_activities(booking, TO_CONFIRM))

    def test_a_booking_is_taken_when_no_person_can_be_told(self):
        for person in (self.env["res.users"], new_test_user(self.env, "stranger", "base.group_user")):
            self.storefront.responsible_id = person
            self.place(10 + 10 * len(person), 14 + 10 * len(person))
        self.storefront.responsible_id = self.rita
        self.rita.active = False
        self.place(30, 34)
        self.rita.write({"active": True, "email": False})
        self.place(40, 44)
        self.assertEqual(len(self.mower.booking_ids), 4)
        self.assertFalse(self.mails())

    def test_a_booking_is_taken_when_telling_staff_fails(self):
        self.env.ref("fleet_rental_storefront.mail_booking").arch = '<t t-name="x"><t t-out="1 / 0"/></t>'
        with self.assertLogs("odoo.addons.fleet_rental_storefront", "ERROR"):
            self.place(10, 14)
        self.assertEqual(len(self.mower.booking_ids), 1)

    def test_what_a_customer_writes_is_text_in_the_mail(self):
        customer = {"name": "<b>Eve</b>", "email": "eve@example.com", "phone": "1"}
        dates = self.day(10), self.day(12)
        details = {"message": "<script>alert(1)</script>"}
        self.env["fleet.rental.booking"]._place(self.mower, dates, customer, details)
        self.assertNotIn("<script", self.mails().body_html)
        self.assertIn("&lt;b&gt;Eve", self.mails().body_html)

    # The morning

    def digest(self, clock):
        """The subjects of the mails after the job has run at this time of today in the business's zone."""
        moment = datetime.combine(self.today, datetime.strptime(clock, "%H:%M").time())  # noqa: DTZ007
        with patch("odoo.addons.fleet_rental_storefront.models.fleet_rental_staff.datetime") as clocks:
            clocks.now.side_effect = lambda tz: moment.replace(tzinfo=tz)
            self.env["fleet.rental.storefront"]._cron_digest()
        return self.mails().mapped("subject")

    def test_the_morning_mail_names_what_is_to_be_done_once_a_day_from_its_hour_on(self):
        self.env["fleet.rental.booking"].search([("state", "in", ("draft", "confirmed"))]).action_cancel()
        out = self.book(0, 2, state="confirmed")
        late = self.book(-4, -1, self.digger, state="picked_up")
        self.storefront.digest_at = 6.5
        self.assertEqual(self.digest("06:29"), [])
        (subject,) = self.digest("06:30")
        self.assertIn("Overdue 1", subject)
        self.assertIn("Out today 1", subject)
        self.assertEqual(len(self.digest("09:00")), 1)
        for booking in (out, late):
            self.assertIn(f"/odoo/fleet.rental.booking/{booking.id}", self.mails().body_html)

    def test_a_morning_without_anything_to_do_has_no_mail(self):
        open_ones = [("state", "in", ("draft", "confirmed"))]
        self.env["fleet.rental.booking"].search(open_ones).action_cancel()
        self.env["fleet.rental.booking"].search([("state", "=", "picked_up")]).action_return()
        self.assertEqual(self.digest("09:00"), [])

    def test_links_of_the_mails_change_nothing(self):
        self.place(10, 14)
        self.book(0, 2, self.digger, state="confirmed")
        self.digest("09:00")
        before = self.env["fleet.rental.booking"].search([]).mapped("version")
        self.authenticate("rita", "rita")
        for mail in self.mails():
            links = [part.split('"')[0] for part in mail.body_html.split('href="')[1:]]
            self.assertTrue(links)
            for link in links:
                self.assertEqual(self.url_open(link.removeprefix(self.base_url())).status_code, 200)
        self.env.invalidate_all()
        self.assertEqual(self.env["fleet.rental.booking"].search([]).mapped("version"), before)

    # Deliveries

    def failing(self, **age):
        self.listen()
        self.mower.rental_price_daily += 1
        event = self.events()[-1]
        event.at = self.env.cr.now() - timedelta(**age)
        event._failed("ConnectionError", LONGEST_PAUSE)
        return event

    def test_deliveries_that_fail_for_an_hour_make_one_activity_that_goes_when_they_arrive(self):
        event = self.failing(minutes=59)
        self.storefront._watch_deliveries()
        self.assertFalse(self.open_activities(self.storefront, FAILING))
        event.at = self.env.cr.now() - timedelta(minutes=61)
        for _ in range(2):
            self.storefront._watch_deliveries()
            self.assertEqual(self.open_activities(self.storefront, FAILING).user_id, self.rita)
        event.state = "delivered"
        self.storefront._watch_deliveries()
        self.assertFalse(self.open_activities(self.storefront, FAILING))

    def test_webhooks_that_are_given_up_make_one_activity_which_stays(self):
        with self.assertLogs("odoo.addons.fleet_rental_storefront", "WARNING"):
            self.failing(days=8)
            self.failing(days=8)
        self.assertEqual(len(self.open_activities(self.storefront, GIVEN_UP)), 1)
        self.storefront._watch_deliveries()
        self.assertTrue(self.open_activities(self.storefront, GIVEN_UP))

    # The calendar

    def calendar(self):
        answer = self.url_open(self.storefront.icalendar_url.removeprefix(self.storefront.get_base_url()))
        return answer.status_code, answer.content.decode()

    def test_the_calendar_has_the_bookings_under_an_address_that_can_be_revoked(self):
        booking = self.book(3, 5, state="confirmed", customer_name="Ada; Lovelace, " + "x" * 80)
        self.book(8, 9, self.digger).action_cancel()
        self.assertIs(self.storefront.action_new_icalendar(), True)
        status, text = self.calendar()
        self.assertEqual(status, 200)
        events = {event.uid.value.split("@")[0]: event for event in vobject.readOne(text).vevent_list}
        event = events[booking.reference]
        self.assertEqual((event.dtstart.value, event.dtend.value), (self.day(3), self.day(6)))
        self.assertIn("Ada; Lovelace, x", event.summary.value)
        self.assertNotIn("Digger", text)
        first = self.storefront.icalendar_url
        self.storefront.action_new_icalendar()
        self.assertEqual(self.url_open(first.removeprefix(self.storefront.get_base_url())).status_code, 404)
        self.assertEqual(self.calendar()[0], 200)
        url = self.storefront.icalendar_url
        self.assertIs(self.storefront.action_revoke_icalendar(), True)
        for path in (
            url.removeprefix(self.storefront.get_base_url()),
            "/fleet_rental/calendar/False.ics",
            "/fleet_rental/calendar/é.ics",
        ):
            self.assertEqual(self.url_open(path).status_code, 404)

    def test_the_address_is_for_managers_only(self):
        self.storefront.action_new_icalendar()
        with self.assertRaises(AccessError):
            self.storefront.with_user(self.rita).read(["icalendar_url"])
        with self.assertRaises(AccessError):
            self.storefront.with_user(self.rita).action_new_icalendar()

    # Labels

    def test_labels_are_a_pdf_with_the_page_of_each_machine(self):
        with self.assertRaises(UserError):
            self.env["ir.config_parameter"].set_param("fleet_rental_storefront.inventory_webhook_url", "")
            self.mower.action_print_labels()
        self.listen()
        self.authenticate("rita", "rita")
        url = (self.mower | self.digger).with_user(self.rita).action_print_labels()["url"]
        answer = self.url_open(url)
        self.assertEqual(answer.headers["Content-Type"], "application/pdf")
        (page,) = PdfFileReader(BytesIO(answer.content)).pages
        links = [note.get_object()["/A"]["/URI"] for note in page["/Annots"]]
        expected = [
            f"http://127.0.0.1:9/equipment/{machine.id}-{machine.rental_slug}"
            for machine in (self.mower, self.digger)
        ]
        self.assertEqual(links, expected)
        self.assertIn("Mower", page.extract_text())
        for wrong in ("", "?ids=", "?ids=x", "?ids=-1", "?ids=1,", "?ids=99999999999"):
            self.assertEqual(self.url_open(f"/fleet_rental/labels{wrong}").status_code, 400)

    def test_more_labels_than_a_sheet_holds_take_more_sheets(self):
        pdf = sheet([(f"Machine {number} " * 20, "https://rent.example/equipment/1") for number in range(11)])
        self.assertEqual(len(PdfFileReader(BytesIO(pdf)).pages), 2)

    def test_a_user_without_rights_on_machines_gets_no_labels(self):
        new_test_user(self.env, "stranger", "base.group_user")
        self.listen()
        self.authenticate("stranger", "stranger")
        answer = self.url_open(f"/fleet_rental/labels?ids={self.mower.id}")
        self.assertNotIn("Mower", answer.text)
        self.assertEqual(answer.status_code, 403)
