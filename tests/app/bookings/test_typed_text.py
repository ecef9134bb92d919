"""Characters that copying brings along, remarks beside a number, and addresses with other letters."""

import pytest
from marshmallow import ValidationError

from lco.bookings.schemas import BookingSchema

GOOD = {
    "vehicle_id": "7",
    "customer_name": "Ada Lovelace",
    "customer_email": "ada@example.com",
    "customer_phone": "218-555-0142",
}


@pytest.mark.parametrize(
    "typed",
    [
        "\u202aada@example.com\u202c",
        "\u200bada@example.com",
        "ada@exam\ufeffple.com\u2069",
        "\u200cada@example.com\u200d",
    ],
)
def test_invisible_characters_in_an_address_are_removed(typed):
    assert BookingSchema().load(GOOD | {"customer_email": typed})["email"] == "ada@example.com"


@pytest.mark.parametrize("field", ["customer_name", "pickup_location", "return_location", "message"])
def test_invisible_characters_alone_are_no_text(field):
    typed = {**GOOD, field: "\u200b \ufeff\u202a"}
    if field == "customer_name":
        with pytest.raises(ValidationError, match="Enter your name"):
            BookingSchema().load(typed)
    else:
        assert BookingSchema().load(typed)[field] == ""


@pytest.mark.parametrize("typed", ["\u2800", "\u3164", "\u200d", "\ufe0f \u034f"])
def test_a_name_of_which_nothing_can_be_seen_is_none(typed):
    with pytest.raises(ValidationError, match="Enter your name"):
        BookingSchema().load(GOOD | {"customer_name": typed})


def test_a_name_has_one_form_however_its_accents_were_typed():
    forms = {BookingSchema().load(GOOD | {"customer_name": typed})["name"] for typed in ("José", "Jose\u0301")}
    assert forms == {"José"}


def test_joiners_within_a_name_are_kept():
    name = "\u0645\u06cc\u200c\u062a\u0631"
    assert BookingSchema().load(GOOD | {"customer_name": name})["name"] == name


@pytest.mark.parametrize("typed", ["ann@bücher.example", "ann@xn--bcher-kva.example", "ann@BÜCHER.example"])
def test_an_international_domain_has_one_form(typed):
    assert BookingSchema().load(GOOD | {"customer_email": typed})["email"] == "ann@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("218 555 0143 (cell)", "+12185550143"),
        ("mobile: 218-555-0143", "+12185550143"),
        ("218.555.0143 work x4", "+12185550143 ext. 4"),
        ("\u202a+1 218 555 0143\u202c", "+12185550143"),
        ("218\u200d555\u200d0143 cell phone", "+12185550143"),
        ("218-555-0143, evenings", "+12185550143"),
        ("1-800-FLOWERS", "+18003569377"),
    ],
)
def test_remarks_beside_a_number_are_left_out(typed, expected):
    assert BookingSchema().load(GOOD | {"customer_phone": typed})["phone"] == expected


@pytest.mark.parametrize(
    "typed",
    [
        *("000-000-0000", "123-456-7890", "218-055-0143", "+1 118 555 0143"),
        *("222-222-2222", "911-555-0143", "218-911-0143", "+44 0000 000000"),
    ],
)
def test_numbers_that_the_numbering_plan_excludes_are_refused(typed):
    with pytest.raises(ValidationError, match="area code"):
        BookingSchema().load(GOOD | {"customer_phone": typed})
