"""Mails about days that become free: after confirmation, one customer after the other, never for taken days."""

import re
import sqlite3
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
import requests
from sqlalchemy import event, insert, update

from lco.db.errors import DatabaseUnavailable
from lco.db.wishes import WishRow
from lco.domain.date_range import DAY
from lco.domain.wish import WishState
from lco.mail.errors import MailPostponed
from lco.mail.outbox import LEASE, LONGEST_PAUSE
from lco.mail.wish_mails import WishComposer, WishMailer
from lco.mail.wish_outbox import WishOutbox
from lco.wishes.repository import WishRepository
from lco.wishes.watcher import TURN
from tests.app.self_service.conftest import OPS_TOKEN
from tests.app.self_service.demo_odoo import dates, form_in

PLAN = (
    "EXPLAIN QUERY PLAN SELECT date_from, date_to, MIN(id) FROM wishes "
    "WHERE vehicle_id = 1 AND state = 'waiting' AND date_from >= '2030-01-01' GROUP BY date_from, date_to"
)
ADA, BEN, CARL = "ada@example.com", "ben@example.com", "carl@example.com"


class Sent:
    """What customers were mailed, instead of a mail server."""

    def __init__(self) -> None:
        self.mails = []
        self.meanwhile = []
        """What happens once each while a mail is being sent; an error of it is one of the mail server."""

    def send(self, message) -> None:
        if self.meanwhile:
            self.meanwhile.pop()()
        self.mails.append(message_from_bytes(message.as_bytes(), policy=default))

    def to(self, email) -> list[str]:
        return [mail["Subject"].split("?")[0].split(":")[0] for mail in self.mails if mail["To"] == email]


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def work(render, services, settings, sent):
    """One round of what each process does every two seconds."""
    composer = WishComposer(render, settings, lambda: services.business.known)
    mailer = WishMailer(WishOutbox(services.db), composer.compose, sent)

    def round_() -> None:
        services.wish_watcher.follow()
        mailer.send_due(services.wish_watcher.is_still_free)

    return round_


@pytest.fixture
def wish(app, work, sent, days):
    """A customer asks for a notification, confirms, and gives the address of the wish."""

    def ask(email, at=None, *, confirms=True):
        body = {"vehicle_id": "1", **dates(at or days), "email": email}
        visitor = app.test_client()
        answer = visitor.post("/wishes", data=body, environ_base={"REMOTE_ADDR": email[:3]})
        assert answer.status_code == 303
        work()
        page = re.search(r"http://localhost(/wishes/[\w-]+)", sent.mails[-1].get_body(("plain",)).get_content())[1]
        if confirms:
            assert visitor.post(f"{page}/confirm").status_code == 303
        return page

    return ask


@pytest.fixture
def cancel(client):
    def give_up(page) -> None:
        assert client.post(f"{page}/cancel", data=form_in(client.get(f"{page}/cancel").text)).status_code == 303

    return give_up


@contextmanager
def going_away(database):
    """Gives a function after which the database is away, until the block ends."""
    engine = database.engine

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    try:
        yield lambda: event.listen(engine, "before_cursor_execute", fail)
    finally:
        event.remove(engine, "before_cursor_execute", fail)


def state(services, page) -> WishState:
    return services.wishes.by_token(page.rpartition("/")[2]).state


def test_looking_at_a_link_confirms_nothing(client, services, book, wish):
    book(email="other@example.com")
    page = wish(ADA, confirms=False)
    assert "Shall we tell you?" in client.get(page).text
    assert state(services, page) is WishState.ASKED
    client.post(f"{page}/confirm")
    assert state(services, page) is WishState.WAITING
    assert client.get(f"{page}/confirm").status_code == 405


def test_first_customer_gets_an_email_and_the_next_after_two_hours(
    services, book, wish, work, sent, cancel, advance_clock
):
    booking = book(email="other@example.com")
    wish(ADA), wish(BEN)
    work()
    assert (sent.to(ADA), sent.to(BEN)) == (["Shall we tell you when it is free"],) * 2
    cancel(booking)
    work()
    assert sent.to(ADA)[1:] == ["It is free now"]
    assert sent.to(BEN)[1:] == []
    advance_clock(TURN - timedelta(minutes=1))
    work()
    assert sent.to(BEN)[1:] == []
    advance_clock(timedelta(minutes=2))
    work()
    work()
    assert (len(sent.to(ADA)), sent.to(BEN)[1:]) == (2, ["It is free now"])


def test_mail_leads_to_the_machine_with_her_days(client, book, wish, work, sent, cancel, days):
    booking = book(email="other@example.com")
    wish(ADA)
    cancel(booking)
    work()
    text = sent.mails[-1].get_body(("plain",)).get_content()
    link = re.search(r"http://localhost(/equipment/1\?\S+)", text)[1]
    page = client.get(link, follow_redirects=True)
    assert "Available for your dates" in page.text
    assert sent.mails[-1]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_days_that_are_taken_again_send_no_email(app, services, book, wish, work, sent, cancel):
    booking = book(email="other@example.com")
    page = wish(ADA)
    cancel(booking)
    services.wish_watcher.follow()
    assert state(services, page) is WishState.OFFERED
    again = book(email="faster@example.com")
    work()
    assert sent.to(ADA)[1:] == []
    assert state(services, page) is WishState.WAITING
    cancel(again)
    work()
    assert sent.to(ADA)[1:] == ["It is free now"]


def test_odoo_that_does_not_answer_delays_the_mail(odoo, services, book, wish, work, sent, cancel, advance_clock):
    booking = book(email="other@example.com")
    wish(ADA)
    cancel(booking)
    services.wish_watcher.follow()
    odoo.fails_with = requests.ConnectTimeout()
    work()
    assert sent.to(ADA)[1:] == []
    odoo.fails_with = None
    services.odoo.transport.breaker.succeeded()
    advance_clock(timedelta(seconds=31))
    work()
    assert sent.to(ADA)[1:] == ["It is free now"]


def test_overlapping_days_are_offered_to_one_customer_and_other_days_at_once(book, wish, work, sent, cancel, days):
    booking, later = book(email="other@example.com"), days.shift(DAY * 10)
    second = book(at=later, email="other@example.com")
    wish(ADA), wish(BEN, days.shift(DAY)), wish(CARL, later)
    cancel(booking), cancel(second)
    work()
    assert [len(sent.to(email)) for email in (ADA, BEN, CARL)] == [2, 1, 2]


def test_change_that_comes_while_the_log_is_read_is_not_missed(
    services, book, wish, work, sent, cancel, monkeypatch
):
    booking = book(email="other@example.com")
    wish(ADA)
    work()
    read, late = services.changes.since, [booking]

    def since(seen):
        entries = read(seen)
        while late:
            cancel(late.pop())
        return entries

    monkeypatch.setattr(services.changes, "since", since)
    work()
    work()
    assert sent.to(ADA)[1:] == ["It is free now"]


def test_own_booking_ends_the_wish(client, services, book, wish, work, sent, cancel):
    booking = book(email="other@example.com")
    page = wish(ADA)
    cancel(booking)
    work()
    book(email="Ada@example.com")
    work()
    assert state(services, page) is WishState.ENDED
    assert services.wishes.by_token(page.rpartition("/")[2]).email == ""
    assert services.wishes.wanted() == []


def test_first_day_ends_the_wish(services, book, wish, advance_clock):
    book(email="other@example.com")
    page = wish(ADA)
    advance_clock(timedelta(days=61))
    services.wish_watcher.look_at_all()
    assert state(services, page) is WishState.ENDED


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "One-Click"}])
def test_one_press_ends_the_wish_and_forgets_the_address(client, services, book, wish, work, sent, cancel, body):
    booking = book(email="other@example.com")
    page = wish(ADA)
    answer = client.post(f"{page}/stop", data=body)
    assert answer.status_code == (200 if body else 303)
    cancel(booking)
    work()
    assert sent.to(ADA)[1:] == []
    assert services.wishes.by_token(page.rpartition("/")[2]).email == ""


def test_same_wish_again_and_many_unconfirmed_ones_bring_no_more_mails(app, book, work, sent, days):
    book(email="other@example.com")
    for number in [0, 0, 1, 2, 3, 4]:
        body = {"vehicle_id": "1", **dates(days.shift(DAY * number)), "email": ADA}
        assert app.test_client().post("/wishes", data=body).status_code == 303
    work()
    assert len(sent.to(ADA)) == 3


def test_wishes_of_one_client_are_limited(client, days):
    body = {"vehicle_id": "1", **dates(days)}
    codes = [client.post("/wishes", data=body | {"email": f"a{n}@example.com"}).status_code for n in range(11)]
    assert codes == [303] * 10 + [429]


def test_no_address_reaches_the_log_or_the_stream(services, book, wish, work, sent, cancel, caplog):
    caplog.set_level("INFO")
    head = services.changes.head()
    booking = book(email="other@example.com")
    wish(ADA)
    cancel(booking)
    work()
    assert ADA not in caplog.text
    assert ADA not in str([(one.topic, one.kind, one.data) for one in services.changes.since(head)])


def test_staff_see_the_wishes_that_were_not_met(client, services, book, wish, days):
    book(email="other@example.com")
    wish(ADA), wish(BEN), wish(CARL, days.shift(DAY), confirms=False)
    (wanted,) = services.wishes.wanted()
    week = days.start - DAY * days.start.weekday()
    assert (wanted.vehicle_name, wanted.week, wanted.wishes) == ("Professional Snow Blower", week.isoformat(), 2)
    page = client.get("/ops", headers={"Authorization": f"Bearer {OPS_TOKEN}"}).text
    assert f"Professional Snow Blower, week of {week}" in page
    assert ADA not in page


def test_taken_days_and_taken_cards_offer_a_notification(client, book, days):
    book(email="other@example.com")
    link = f"/wishes/new?vehicle_id=1&amp;date_from={days.start}&amp;date_to={days.end}"
    page = client.get("/equipment/1-professional-snow-blower", query_string=dates(days))
    assert link in page.text
    assert link in client.get("/equipment", query_string=dates(days)).text


def test_mistakes_show_an_error(client, days):
    body = {"vehicle_id": "1", **dates(days)}
    assert client.post("/wishes", data=body | {"email": "no"}).status_code == 422
    assert client.post("/wishes", data=body | {"vehicle_id": "999999", "email": ADA}).status_code == 404
    assert client.get("/wishes/new").status_code in {404, 422}


def test_mail_that_was_sent_while_the_database_was_away_does_not_go_twice(
    services, book, wish, work, sent, cancel, advance_clock
):
    booking = book(email="other@example.com")
    wish(ADA)
    cancel(booking)
    with going_away(services.db) as away:
        sent.meanwhile = [away]
        with pytest.raises(DatabaseUnavailable):
            work()
    advance_clock(LEASE + timedelta(seconds=1))
    work()
    assert sent.to(ADA)[1:] == ["It is free now"]


def test_note_about_a_sent_mail_leaves_the_next_mail_alone(app, services, book, wish, work, sent, cancel):
    booking = book(email="other@example.com")
    page = wish(BEN, confirms=False)

    def confirmed_and_offered() -> None:
        """Happens while the customer's first mail is on its way a second time."""
        app.test_client().post(f"{page}/confirm")
        cancel(booking)
        services.wish_watcher.follow()

    with services.db.connection() as connection:
        connection.execute(update(WishRow).values(message="confirm", message_due_at=services.rules.now))
    sent.meanwhile = [confirmed_and_offered]
    work()
    work()
    assert "It is free now" in sent.to(BEN)


def test_wish_that_ends_while_its_mail_is_refused_does_not_hold_up_the_others(
    app, services, book, wish, work, sent, cancel, advance_clock
):
    booking = book(email="other@example.com")
    page = wish(ADA)
    wish(BEN)

    def stopped_and_refused() -> None:
        app.test_client().post(f"{page}/stop")
        raise MailPostponed("try again later")

    cancel(booking)
    sent.meanwhile = [stopped_and_refused]
    work()
    advance_clock(TURN)
    services.wish_watcher.look_at_all()
    work()
    assert sent.to(ADA)[1:] == []
    assert sent.to(BEN)[1:] == ["It is free now"]


def test_mail_that_a_clock_ahead_has_leased_is_sent_by_the_others(services, book, wish, work, sent, cancel):
    booking = book(email="other@example.com")
    wish(ADA)
    cancel(booking)
    services.wish_watcher.follow()
    ahead = services.rules.now + timedelta(days=400)
    with services.db.connection() as connection:
        connection.execute(update(WishRow).values(message_due_at=ahead + LONGEST_PAUSE))
    work()
    assert sent.to(ADA)[1:] == ["It is free now"]


def test_person_is_exported_and_erased_with_wishes(services, book, wish):
    book(email="other@example.com")
    wish(ADA)
    person = services.people.find(ADA)
    assert services.people.export(person)["wishes"][0]["vehicle_name"] == "Professional Snow Blower"
    services.people.erase(person)
    assert services.people.export(person)["wishes"] == []


def test_change_costs_the_same_few_statements_with_ten_thousand_wishes(services, odoo, days):
    rows = [
        {
            "token": f"t{number}",
            "vehicle_id": 1 + number % 2,
            "vehicle_name": "Machine",
            "date_from": days.start + DAY * (number % 60),
            "date_to": days.end + DAY * (number % 60),
            "email": f"c{number}@example.com",
            "state": "waiting",
            "created_at": services.rules.now,
            "attempts": 0,
        }
        for number in range(10_000)
    ]
    with services.db.connection() as connection:
        connection.execute(insert(WishRow), rows)
        plan = connection.exec_driver_sql(PLAN).all()
        assert "USING COVERING INDEX ix_wishes_vehicle_id_state_date_from_date_to" in str(plan)
        statements = []
        event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        wishes = WishRepository(connection)
        assert len(wishes.queue(1, days.start)) == 30
        assert wishes.offered(1, days.start) == []
    assert len(statements) == 2
