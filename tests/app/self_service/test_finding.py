"""A lost link is sent by mail, and the page reveals nothing."""

import re

import pytest

from lco.mail.composer import MailComposer
from lco.mail.outbox import MOST_A_DAY
from tests.app.self_service.demo_odoo import reference

EMAIL = "ada@example.com"


@pytest.fixture
def mailed(render, services, settings):
    """The texts of the waiting mails; each is marked as sent."""
    composer = MailComposer(
        render,
        settings,
        services.alternatives,
        services.return_time,
        business=lambda: services.business.known,
    )

    def take() -> list[str]:
        texts = []
        while mail := services.outbox.claim():
            texts.append(composer.compose(mail).get_body(("plain",)).get_content())
            services.outbox.sent(mail)
        return texts

    return take


@pytest.fixture
def find(app):
    def send(number, email=EMAIL, address="203.0.113.9"):
        form = {"number": number, "email": email}
        return app.test_client().post("/booking/find", data=form, environ_base={"REMOTE_ADDR": address})

    return send


def test_number_and_address_bring_the_link_by_mail_only(find, page, odoo, mailed):
    mailed()
    answer = find(f" {reference(odoo).lower()} ", "ADA@example.com")
    assert answer.status_code == 303
    (mail,) = mailed()
    assert f"http://localhost{page}" in mail
    assert page not in answer.text


def test_answer_is_the_same_whether_they_match_or_not(find, page, odoo, client, mailed):
    mailed()
    ref = reference(odoo)
    answers = [find(ref), find(ref, "ben@example.com"), find("BK-20200101-00000000")]
    assert len({(answer.status_code, answer.location, answer.text) for answer in answers}) == 1
    assert len(mailed()) == 1
    assert "Look into your mailbox" in client.get(answers[0].location).text


def test_link_can_be_asked_for_again_but_not_without_end(find, page, odoo, mailed):
    mailed()
    counts = []
    for _ in range(MOST_A_DAY + 1):
        find(reference(odoo))
        counts.append(len(mailed()))
    assert sum(counts) <= MOST_A_DAY
    assert counts[:2] == [1, 1]


def test_tries_of_one_client_are_limited(find, page, odoo, mailed):
    answers = [find(f"BK-{number:08}", address="203.0.113.10") for number in range(11)]
    assert [answer.status_code for answer in answers] == [303] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_mistakes_show_an_error_at_each_field(find, page):
    answer = find("", "no address")
    assert answer.status_code == 422
    assert len(re.findall('class="field-error"', answer.text)) == 2


def test_address_of_all_bookings_leads_to_the_form(client):
    answer = client.get("/bookings")
    assert (answer.status_code, answer.location) == (302, "/booking/find")
