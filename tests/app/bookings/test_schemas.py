"""Input of customers: read the same from form and JSON; unreadable input leads to an error message only."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lco.bookings.mapping import request_digest
from lco.bookings.schemas import BookingForm, new_key, parse_booking
from lco.domain.booking import BookingRequest
from lco.domain.date_range import DateRange
from lco.errors import InvalidInput

TODAY = date(2026, 11, 22)
GOOD = {
    "vehicle_id": "7",
    "customer_name": "Ada Lovelace",
    "customer_email": "ada@example.com",
    "customer_phone": "(218) 555-0142",
    "date_from": "2026-12-01",
    "date_to": "2026-12-05",
}
MOST = {
    **GOOD,
    "booking_type": "inquiry",
    "pickup_location": "Your yard",
    "return_location": "Elm Street 1",
    "message": "Two lines,\r\nplease",
}
TEXTS = st.text(st.characters(codec=None), max_size=50)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def wrong(**changes) -> dict[str, list[str]]:
    with pytest.raises(InvalidInput) as refused:
        parse_booking(GOOD | changes)
    return refused.value.fields


def test_the_least_that_is_needed_is_enough():
    days = DateRange(date(2026, 12, 1), date(2026, 12, 5))
    assert parse_booking(GOOD) == BookingRequest(7, days, "Ada Lovelace", "ada@example.com", "+12185550142")


def test_everything_else_is_kept():
    request = parse_booking(MOST)
    assert (request.kind, request.pickup_location, request.return_location) == (
        "inquiry",
        "Your yard",
        "Elm Street 1",
    )
    assert request.message == "Two lines,\nplease"


def test_json_with_a_number_reads_like_the_form_with_its_text():
    assert parse_booking(GOOD | {"vehicle_id": 7, "message": None}) == parse_booking(GOOD | {"message": "  "})


def test_blanks_around_and_unknown_fields_do_not_matter():
    padded = {name: f"  {text} " for name, text in GOOD.items()} | {"website": "", "utm_source": "x"}
    assert parse_booking(padded) == parse_booking(GOOD)


def test_an_empty_form_has_a_sentence_for_every_field_that_is_needed():
    with pytest.raises(InvalidInput) as refused:
        parse_booking({})
    assert refused.value.fields == {
        "vehicle_id": ["Choose a machine."],
        "customer_name": ["Enter your name."],
        "customer_email": ["Enter an email address like name@example.com."],
        "customer_phone": ["Enter a phone number with its area code, like 218-555-0142."],
        "date_from": ["Choose the first day of the rental."],
        "date_to": ["Choose the day you bring it back."],
    }


@pytest.mark.parametrize("value", ["", "0", "-1", "x", "7.5", 7.5, True, "9" * 30, 2**31, [7], {}, float("nan")])
def test_a_vehicle_is_a_whole_number(value):
    assert wrong(vehicle_id=value) == {"vehicle_id": ["Choose a machine."]}


@pytest.mark.parametrize(
    "value", ["ada", "ada@", "ada@example", "a b@example.com", "ada@example.com\nBcc: x@y.com", 1]
)
def test_an_email_address_has_to_be_one(value):
    assert wrong(customer_email=value) == {"customer_email": ["Enter an email address like name@example.com."]}


@pytest.mark.parametrize(
    "value", ["abc", "12345", "555-0142", "+1 218 555 01422 99", "+999 12345678", "1" * 300, 5]
)
def test_a_phone_number_has_to_be_one_that_can_be_called(value):
    assert list(wrong(customer_phone=value)) == ["customer_phone"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("218.555.0142", "+12185550142"),
        ("1 218 555 0142", "+12185550142"),
        ("+44 20 7946 0958", "+442079460958"),
        ("218-555-0142 x12", "+12185550142 ext. 12"),
    ],
)
def test_a_phone_number_is_kept_as_it_is_dialled(typed, kept):
    assert parse_booking(GOOD | {"customer_phone": typed}).phone == kept


@pytest.mark.parametrize("name", ["customer_name", "pickup_location", "return_location"])
@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\x1bb", "a\ud800b", "a\u2028b"])
def test_fields_of_one_line_hold_nothing_invisible(name, text):
    assert wrong(**{name: text}) == {name: ["Remove special characters."]}


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "\ud800"])
def test_a_message_holds_lines_but_nothing_else_invisible(text):
    assert list(wrong(message=text)) == ["message"]


@pytest.mark.parametrize(
    ("name", "longest"),
    [("customer_name", 100), ("pickup_location", 200), ("return_location", 200), ("message", 2000)],
)
def test_texts_have_an_end(name, longest):
    assert parse_booking(GOOD | {name: "x" * longest})
    assert wrong(**{name: "x" * (longest + 1)}) == {name: [f"Use at most {longest:,} characters."]}


def test_a_booking_type_is_one_of_three():
    assert list(wrong(booking_type="gift")) == ["booking_type"]


@pytest.mark.parametrize(
    ("dates", "name"),
    [
        ({"date_to": "2026-12-01"}, "date_to"),
        ({"date_to": "2026-11-30"}, "date_to"),
        ({"date_to": "2028-01-01"}, "date_to"),
        ({"date_from": "soon"}, "date_from"),
        ({"date_from": 20261201}, "date_from"),
        ({"date_to": ""}, "date_to"),
        ({"date_to": ["2026-12-05"]}, "date_to"),
    ],
)
def test_dates_have_to_make_sense(dates, name):
    assert list(wrong(**dates)) == [name]


def test_all_errors_are_reported_at_once():
    assert set(wrong(customer_name="", customer_phone="x", date_to="x")) == {
        "customer_name",
        "customer_phone",
        "date_to",
    }


@given(st.dictionaries(st.sampled_from(sorted(MOST)), JSON | TEXTS))
def test_every_input_is_a_request_or_a_list_of_sentences(changes):
    request, refused = outcome(MOST | changes)
    if refused:
        assert refused.fields
        assert all(sentence for sentences in refused.fields.values() for sentence in sentences)
        return
    assert TODAY <= request.days.start < request.days.end <= request.days.start + timedelta(days=365)
    assert request.name
    assert "@" in request.email
    assert request.phone.startswith("+")
    assert len(request_digest(request)) == 64


def outcome(values) -> tuple[BookingRequest, None] | tuple[None, InvalidInput]:
    try:
        return parse_booking(values), None
    except InvalidInput as error:
        return None, error


def test_every_form_has_a_key_that_cannot_be_guessed():
    assert BookingForm.empty().key != BookingForm.empty().key
    assert len(new_key()) >= 32
