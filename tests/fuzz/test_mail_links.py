"""No input of a customer becomes a link in a mail to an address that may belong to someone else."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.app.mail.fakes import arrived, mail_about, text, with_request

DOTS = ("\u3002", "\uff0e", "\uff61", ".", "\u2024", "\ufe52")
LETTER = st.sampled_from("abxyzäé0\uff19\uff41Ωж")
WORD = st.text(LETTER, min_size=1, max_size=6)
INVISIBLE = st.sampled_from(["", "\u200b", "\u00ad", "\ufeff", "\u2060"])
LINK = st.builds(
    lambda before, host, hidden, dot, tld, path: f"{before}{host}{hidden}{dot}{hidden}{tld}{path}",
    st.sampled_from(["", "Visit ", "https://", "(", "\U0001f381"]),
    WORD,
    INVISIBLE,
    st.sampled_from(DOTS),
    WORD,
    st.sampled_from(["", "/a", " now", "\uff0fprize"]),
)
SLASHED = st.builds(lambda a, slash, b: f"{a}{slash}{b}", WORD, st.sampled_from(["/", "\uff0f", "://"]), WORD)


@settings(max_examples=150, deadline=None)
@given(name=st.one_of(LINK, SLASHED), place=st.one_of(LINK, SLASHED))
def test_text_that_may_become_a_link_is_left_out(messages, name, place):
    booking = with_request(name=name, pickup_location=place, return_location=place)
    mail = arrived(messages.compose(mail_about(booking, "booked")))
    said = text(mail) + str(mail["To"])
    for typed in (name, place):
        assert typed not in said
        assert unicodedata.normalize("NFKC", typed) not in said


@pytest.mark.parametrize("name", ["Ada Lovelace", "Dr. Ada O'Neil", "J. R. Smith", "Łukasz Żółć-Nowak", "李小龙"])
def test_usual_name_is_kept(messages, name):
    mail = arrived(messages.compose(mail_about(with_request(name=name), "booked")))
    assert f"Hello {name}," in text(mail)
