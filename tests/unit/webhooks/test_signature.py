from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lco.errors import Unauthorized
from lco.webhooks.signature import sign, sign_plain, verify

NOW = datetime.fromtimestamp(1_763_800_000, UTC)
BODY = b'{"event_type": "test"}'
SECRET = "demo-secret"
BASE64_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

# Computed with openssl: printf '%s' 'msg_1.1763800000.{"event_type": "test"}' |
# openssl dgst -sha256 -hmac KEY -binary | base64
STANDARD_ANSWER = "v1,oRcXleBo5fvXwRZDqVHcOalE1v8oC+7srEo/5KP72iA="
BASE64_ANSWER = "v1,sg6bDp4RQX5X0lCNyqLY862sjyPyCD9D7gXbexpAhDY="
# printf '%s' '{"event_type": "test"}' | openssl dgst -sha256 -hmac demo-secret
PLAIN_ANSWER = "067ee408d2367d581ad14491fc880ed3842b9dfb3c87199ec6b466ca079ad349"


def standard(signature=STANDARD_ANSWER, **changes):
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1763800000", "webhook-signature": signature}
    return {**headers, **{name.replace("_", "-"): value for name, value in changes.items()}}


def refused(headers, *, secrets=(SECRET,), body=BODY, now=NOW):
    with pytest.raises(Unauthorized):
        verify(secrets, headers, body, now)
    return True


def test_a_known_answer_in_the_standard_form_is_accepted_and_returns_the_id():
    assert verify([SECRET], standard(), BODY, NOW) == "msg_1"


def test_the_example_of_the_standard_is_signed_as_the_standard_says():
    at = datetime.fromtimestamp(1_614_265_330, UTC)
    headers = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_known_answer_with_a_base64_secret_is_accepted():
    assert verify([BASE64_SECRET], standard(BASE64_ANSWER), BODY, NOW) == "msg_1"


def test_a_known_answer_in_the_plain_form_is_accepted_and_has_no_id():
    assert verify([SECRET], {"X-Webhook-Signature": PLAIN_ANSWER}, BODY, NOW) is None


@pytest.mark.parametrize("write", [str.upper, "sha256={}".format, "SHA256={}".format, " {} ".format])
def test_the_plain_form_may_be_written_in_several_ways(write):
    assert verify([SECRET], {"x-webhook-signature": write(PLAIN_ANSWER)}, BODY, NOW) is None


def test_header_names_are_read_in_any_case():
    titled = {name.title(): value for name, value in standard().items()}
    assert verify([SECRET], titled, BODY, NOW) == "msg_1"


def test_signatures_equal_those_of_other_implementations():
    assert sign(SECRET, "msg_1", NOW, BODY) == standard()
    assert sign(BASE64_SECRET, "msg_1", NOW, BODY) == standard(BASE64_ANSWER)
    assert sign_plain(SECRET, BODY) == {"X-Webhook-Signature": PLAIN_ANSWER}


def test_any_of_several_secrets_may_have_signed():
    assert verify(["newer", SECRET], standard(), BODY, NOW) == "msg_1"
    assert verify(["newer", SECRET], sign_plain(SECRET, BODY), BODY, NOW) is None


def test_any_of_several_signatures_may_be_good_and_other_versions_are_ignored():
    assert verify([SECRET], standard(f"v1a,abc v1,b3RoZXI= {STANDARD_ANSWER}"), BODY, NOW) == "msg_1"
    assert refused(standard(STANDARD_ANSWER.replace("v1,", "v2,")))


@pytest.mark.parametrize("off", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_a_timestamp_within_five_minutes_counts(off):
    assert verify([SECRET], standard(), BODY, NOW + off) == "msg_1"
    assert refused(standard(), now=NOW + off * 1.01)


def test_a_changed_body_id_or_time_is_refused():
    assert refused(standard(), body=BODY + b" ")
    assert refused(standard(webhook_id="msg_2"))
    assert refused(standard(webhook_timestamp="1763800001"))
    assert refused({"X-Webhook-Signature": PLAIN_ANSWER}, body=BODY + b" ")


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_good_plain_signature_does_not_save_a_broken_standard_one(missing):
    headers = standard() | sign_plain(SECRET, BODY)
    del headers[missing]
    assert refused(headers)
    assert refused(standard("v1,wrong") | sign_plain(SECRET, BODY))


def test_with_the_plain_form_off_only_the_standard_form_is_accepted():
    with pytest.raises(Unauthorized, match="webhook-id"):
        verify([SECRET], sign_plain(SECRET, BODY), BODY, NOW, plain_form=False)
    assert verify([SECRET], standard(), BODY, NOW, plain_form=False) == "msg_1"


def test_without_any_signature_or_any_secret_nothing_is_accepted():
    assert refused({})
    assert refused({"X-Webhook-Signature": ""})
    assert refused(standard(), secrets=())
    assert refused({"X-Webhook-Signature": PLAIN_ANSWER}, secrets=())


def test_a_prefix_without_a_key_behind_it_is_no_empty_key():
    unkeyed = sign("", "msg_1", NOW, BODY)
    assert refused(unkeyed, secrets=["whsec_"])
    assert verify(["whsec_"], sign("whsec_", "msg_1", NOW, BODY), BODY, NOW) == "msg_1"


def test_a_secret_that_only_looks_like_base64_is_taken_as_it_stands():
    assert verify(["whsec_not base64!"], sign("whsec_not base64!", "msg_1", NOW, BODY), BODY, NOW) == "msg_1"


@pytest.mark.parametrize(
    "hostile",
    [
        standard(webhook_timestamp="9" * 5000),
        standard(webhook_timestamp="-1763800000"),
        standard(webhook_timestamp="١٧٦٣٨٠٠٠٠٠"),
        standard(webhook_timestamp="1763800000.0"),
        standard(webhook_id="x" * 300),
        standard(webhook_id="snowman ☃"),
        standard(webhook_id="a\nb"),
        standard("v1," * 2000),
        standard("v1,\ud800 v1,☃"),
        {"X-Webhook-Signature": "ÿ" * 64},
        {"X-Webhook-Signature": "sha256="},
        {"X-Webhook-Signature": "\udcff"},
    ],
)
def test_hostile_values_are_refused_and_never_crash(hostile):
    assert refused(hostile)


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "X-Webhook-Signature"]),
        st.text(),
        max_size=4,
    ),
    st.binary(max_size=50),
)
def test_every_delivery_without_the_secret_is_refused(headers, body):
    assert refused(headers, body=body)
