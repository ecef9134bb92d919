"""A customer changes, extends and cancels a booking on its page, with an Odoo of version 2."""

import html
import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lco import clock
from lco.availability.month import first_of
from lco.domain.date_range import DAY, DateRange
from tests.app.self_service.demo_odoo import dates, form_in, in_odoo, reference

CHANGE = "POST /api/fleet/booking/{}/change"


def test_price_comes_first_and_then_the_change(client, odoo, page, days):
    shorter = DateRange(days.start, days.end - DAY * 2)
    before = in_odoo(odoo, reference(odoo))
    shown = client.get(f"{page}/change", query_string=dates(shorter))
    assert shown.status_code == 200
    assert all(price in shown.text for price in ("$600", "$300", "$300 less"))
    assert "You can change or cancel until" in shown.text
    assert shown.headers["Cache-Control"] == "private, no-store"
    assert in_odoo(odoo, reference(odoo)) == before
    done = client.post(f"{page}/change", data=form_in(shown.text))
    assert (done.status_code, done.location) == (303, f"{page}?done=changed")
    assert in_odoo(odoo, reference(odoo))["date_to"] == shorter.end.isoformat()
    changed = client.get(done.location)
    assert "Done: your booking is changed" in changed.text
    assert "$300" in changed.text


def test_same_press_twice_changes_once(client, odoo, page, days):
    later = days.shift(DAY * 10)
    form = form_in(client.get(f"{page}/change", query_string=dates(later)).text)
    answers = [client.post(f"{page}/change", data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert odoo.asked.count(CHANGE.format(reference(odoo))) == 1


def test_key_of_another_change_is_refused(client, page, days):
    later = days.shift(DAY * 10)
    form = form_in(client.get(f"{page}/change", query_string=dates(later)).text)
    client.post(f"{page}/change", data=form)
    other = form | dates(days.shift(DAY * 20))
    assert client.post(f"{page}/change", data=other).status_code == 422


def test_taken_days_are_shown_and_nothing_is_changed(client, odoo, book, page, days):
    ref = reference(odoo)
    later = days.shift(DAY * 10)
    form = form_in(client.get(f"{page}/change", query_string=dates(later)).text)
    book(at=later, email="ben@example.com")
    answer = client.post(f"{page}/change", data=form)
    assert answer.status_code == 409
    assert "Some of these days are taken" in answer.text
    assert in_odoo(odoo, ref)["date_from"] == days.start.isoformat()


def test_booking_that_staff_changed_is_shown_anew_and_asked_again(client, odoo, page, days):
    ref, later = reference(odoo), days.shift(DAY * 10)
    form = form_in(client.get(f"{page}/change", query_string=dates(later)).text)
    moved = days.shift(DAY * 20)
    odoo.control(f"bookings/{ref}/move", date_from=moved.start.isoformat(), date_to=moved.end.isoformat())
    answer = client.post(f"{page}/change", data=form)
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    again = form_in(answer.text)
    assert again["version"] != form["version"]
    assert again["idempotency_key"] != form["idempotency_key"]
    assert client.post(f"{page}/change", data=again).status_code == 303
    assert in_odoo(odoo, ref)["date_from"] == later.start.isoformat()


def test_too_late_names_the_instant(client, odoo, page, days):
    form = form_in(client.get(f"{page}/change", query_string=dates(days.shift(DAY))).text)
    odoo.control("settings", change_hours=24 * 90)
    answer = client.post(f"{page}/change", data=form)
    assert answer.status_code == 403
    assert "You could change this booking until" in answer.text
    form = form_in(client.get(f"{page}/cancel").text)
    assert client.post(f"{page}/cancel", data=form).status_code == 403


def test_page_after_the_deadline_offers_no_change_and_shows_the_telephone_number(client, odoo, page, days):
    odoo.control("settings", change_hours=24 * 90)
    shown = client.get(f"{page}/change", query_string=dates(days.shift(DAY)))
    assert shown.status_code == 403
    assert "You could change this booking until" in shown.text
    assert "You can change" not in shown.text
    assert "Call us on" in shown.text
    assert 'id="change-form"' not in shown.text


def test_overdue_machine_offers_no_button_and_shows_the_telephone_number(client, odoo, out):
    page, ref = out
    today = clock.today(ZoneInfo("America/Chicago"))
    odoo.control(f"bookings/{ref}/move", date_from=str(today - DAY * 3), date_to=str(today - DAY))
    client.get(f"{page}/change")  # reads the booking again
    shown = client.get(page).text
    assert "It is overdue" in shown
    assert "Keep it" not in shown
    assert "To keep it longer, call" in shown
    assert client.get(f"{page}/change", query_string={"date_to": str(today + DAY)}).status_code == 409


def test_machine_that_is_out_cannot_be_cancelled(client, out):
    page, _ = out
    shown = client.get(f"{page}/cancel")
    assert shown.status_code == 403
    assert 'id="cancel-form"' not in shown.text
    assert "Call us on" in shown.text


@pytest.fixture
def out(client, odoo, book) -> tuple[str, str]:
    """The page and the number of a booking whose machine is out."""
    today = clock.today(ZoneInfo("America/Chicago"))
    page = book(4, DateRange(today, today + DAY * 2))
    ref = reference(odoo)
    odoo.control(f"bookings/{ref}/confirm")
    odoo.control(f"bookings/{ref}/pick_up")
    client.get(f"{page}/change")  # reads the booking again
    return page, ref


def test_days_against_the_rules_are_refused_before_odoo_is_asked(client, odoo, page, days):
    form = form_in(client.get(f"{page}/change", query_string=dates(days.shift(DAY))).text)
    odoo.control("closed", date=(days.end + DAY * 2).isoformat(), reason="Founders day")
    form |= dates(DateRange(days.start, days.end + DAY * 2))
    answer = client.post(f"{page}/change", data=form)
    assert answer.status_code in {409, 422}
    assert odoo.asked.count(CHANGE.format(reference(odoo))) == 0


def test_another_price_than_shown_is_shown_first(client, odoo, page, days):
    form = form_in(client.get(f"{page}/change", query_string=dates(days.shift(DAY * 9))).text)
    odoo.change(1, rental_price_daily=100)
    answer = client.post(f"{page}/change", data=form)
    assert answer.status_code == 409
    assert "The price has changed" in answer.text
    assert client.post(f"{page}/change", data=form_in(answer.text)).status_code == 303


def test_cancelling_frees_the_days_and_shows_a_message(client, odoo, services, page, days):
    confirm = client.get(f"{page}/cancel")
    assert confirm.status_code == 200
    done = client.post(f"{page}/cancel", data=form_in(confirm.text) | {"reason": "Rain"})
    assert (done.status_code, done.location) == (303, f"{page}?done=cancelled")
    assert in_odoo(odoo, reference(odoo))["state"] == "cancelled"
    assert services.availability.quote(1, days).available
    assert "Canceled" in client.get(page).text
    assert client.get(f"{page}/cancel").status_code == 409


def test_odoo_out_of_reach_changes_nothing_and_the_same_key_goes_again(client, odoo, page, days):
    form = form_in(client.get(f"{page}/cancel").text)
    odoo.fails_with = requests.ConnectTimeout()
    answer = client.post(f"{page}/cancel", data=form)
    assert answer.status_code == 503
    odoo.fails_with = None
    again = form_in(answer.text)
    assert again["idempotency_key"] == form["idempotency_key"]
    assert client.post(f"{page}/cancel", data=again).status_code == 303


def test_lost_answer_is_shown_and_settled_without_a_second_change(
    client, odoo, services, page, days, advance_clock
):
    later = days.shift(DAY * 10)
    form = form_in(client.get(f"{page}/change", query_string=dates(later)).text)
    odoo.loses_answers = True
    answer = client.post(f"{page}/change", data=form)
    assert (answer.status_code, answer.location) == (303, page)
    shown = client.get(page).text
    assert "We are making your change" in shown
    assert client.post(f"{page}/cancel", data=form | {"idempotency_key": "other"}).status_code == 409
    odoo.loses_answers = False
    version = in_odoo(odoo, reference(odoo))["version"]
    advance_clock(timedelta(seconds=20))
    services.bookings.change_sender.process_due()
    shown = client.get(page).text
    assert "We are making your change" not in shown
    assert "Change dates" in shown
    assert in_odoo(odoo, reference(odoo))["version"] == version


def test_page_without_scripts_has_days_as_links_and_her_own_days_are_free(client, page, days):
    text = client.get(f"{page}/change").text
    own = re.search(rf'id="change-{days.start + DAY}"[^>]*aria-label="([^"]*)"', text)[1]
    assert "taken" not in own
    link = html.unescape(re.search(rf'id="change-{days.start + DAY}"[^>]* href="([^"]*)"', text)[1])
    half = client.get(link).text
    last = re.search(rf'id="change-{days.end}"[^>]* href="([^"]*)"', half)[1]
    assert "New price" in client.get(html.unescape(last)).text


def test_the_buffer_of_her_own_booking_is_no_obstacle_and_that_of_others_is(client, odoo, book, page, days):
    odoo.change(1, buffer_days=2)
    others = DateRange(days.end + DAY * 7, days.end + DAY * 9)
    book(at=others, email="ben@example.com")
    around = DateRange(days.start - DAY * 4, others.end + DAY * 4)
    taken = taken_days(client, page, around)
    assert taken == set(DateRange(others.start - DAY * 2, others.end + DAY * 2))
    for last in (others.start - DAY * 2, others.start - DAY):
        answer = client.get(f"{page}/change", query_string=dates(DateRange(days.start, last)))
        assert ("Some of these days are taken" in answer.text) == (last > others.start - DAY * 2)


def test_the_buffer_of_the_next_booking_that_begins_within_her_own_is_taken(client, odoo, book, page, days):
    odoo.change(1, buffer_days=3)
    others = DateRange(days.end + DAY * 4, days.end + DAY * 6)
    book(at=others, email="ben@example.com")
    around = DateRange(days.start - DAY * 5, others.end + DAY * 5)
    assert taken_days(client, page, around) == set(DateRange(days.end + DAY, others.end + DAY * 3))


def taken_days(client, page, within: DateRange) -> set[date]:
    """The days of `within` that the calendar on the page to change a booking shows as taken."""
    months = {first_of(day) for day in within}
    texts = [client.get(f"{page}/change", query_string={"month": f"{month:%Y-%m}"}).text for month in months]
    label = r'id="change-{}"[^>]*aria-label="([^"]*)"'
    found = {day: [re.search(label.format(day), text) for text in texts] for day in within}
    return {day for day, shown in found.items() if any(one and "taken" in one[1] for one in shown)}


def test_for_htmx_only_the_changing_part_is_sent(client, page):
    part = client.get(f"{page}/change", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith("<section")
    assert "<html" not in part


def test_odd_days_show_an_error_on_the_page(client, page, days):
    for query in ({"date_from": "soon", "date_to": "later"}, {"date_from": "2020-01-01", "date_to": "2020-01-03"}):
        answer = client.get(f"{page}/change", query_string=query)
        assert answer.status_code in {200, 422}
        assert 'id="change-form"' not in answer.text
    assert client.get(f"{page}/change", query_string=dates(days)).status_code == 422
    assert client.get("/bookings/unknown/change").status_code == 404
    assert client.get("/bookings/unknown/cancel").status_code == 404


def test_machine_that_is_out_can_be_kept_longer_but_not_moved(client, odoo, book, settings):
    today = clock.today(settings.timezone)
    page = book(4, DateRange(today, today + DAY * 2))
    ref = reference(odoo)
    odoo.control(f"bookings/{ref}/confirm")
    odoo.control(f"bookings/{ref}/pick_up")
    client.get(f"{page}/change")  # reads the booking again
    shown = client.get(page).text
    assert "You have it" in shown
    assert "Keep it until" in shown
    assert "Cancel booking" not in shown
    longer = {"date_to": (today + DAY * 4).isoformat()}
    shown = client.get(f"{page}/change", query_string=longer).text
    assert client.post(f"{page}/change", data=form_in(shown)).status_code == 303
    assert in_odoo(odoo, ref)["date_to"] == longer["date_to"]
    moved = dates(DateRange(today + DAY, today + DAY * 3))
    assert client.get(f"{page}/change", query_string=moved).status_code == 422


def test_each_change_counts_towards_the_limit_of_bookings(client, page, days):
    left = []
    for number in (1, 2):
        shown = client.get(f"{page}/change", query_string=dates(days.shift(DAY * 7 * number))).text
        answer = client.post(f"{page}/change", data=form_in(shown))
        assert answer.status_code == 303
        left.append(int(re.search(r"r=(\d+)", answer.headers["RateLimit"])[1]))
    assert left == [8, 7]


ODD = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "0", "-1", "1e9", "9" * 30, "nan", "none", "any", "1 USD", "1e999999 USD", "1 ", "2099-01-01"]
    ),
    st.sampled_from(["0001-01-01", "9999-12-31", "2099-01-05", "2020-01-01", "\x00", "é"]),
)
FORMS = st.dictionaries(
    st.sampled_from(
        [
            "date_from",
            "date_to",
            "month",
            "version",
            "price",
            "idempotency_key",
            "reason",
            "done",
            "email",
            "number",
        ]
    ),
    ODD,
    max_size=6,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=FORMS, call=st.sampled_from(["", "/change", "/cancel"]), sends=st.booleans())
def test_odd_input_never_breaks_a_page_of_the_booking(client, page, form, call, sends):
    answer = client.post(page + call, data=form) if sends and call else client.get(page + call, query_string=form)
    assert answer.status_code < 500


@pytest.mark.parametrize("chosen", [{}, {"date_to": "9999-12-31"}, {"date_to": "2099-01-05"}, {"date_to": "x"}])
@pytest.mark.parametrize("first", ["9999-11-01", "9999-12-31", "2099-01-05", "0001-01-01"])
def test_days_beyond_every_calendar_never_break_the_page(client, page, first, chosen):
    query = {"date_from": first, **chosen}
    assert client.get(f"{page}/change", query_string=query).status_code in {200, 422}
    assert client.post(f"{page}/change", data=query | {"version": "1"}).status_code < 500
