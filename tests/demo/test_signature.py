import base64
import binascii
import hashlib
import hmac

import pytest

from lco.demo import signature
from lco.demo.app import DemoSettings, create_demo

BODY = b'{"test": 2432232314}'


def test_the_standard_signature_is_that_of_the_published_example():
    """The example that the libraries of Standard Webhooks test themselves with."""
    headers = signature.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY
    )
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_plain_secret_is_its_own_bytes_in_both_forms():
    headers = signature.headers("demo-secret", "msg_1", 17, BODY)
    expected = hmac.new(b"demo-secret", b"msg_1.17." + BODY, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
    assert headers["X-Webhook-Signature"] == hmac.new(b"demo-secret", BODY, hashlib.sha256).hexdigest()


def test_odoos_own_form_takes_a_prefixed_secret_as_it_stands():
    headers = signature.headers("whsec_c2VjcmV0", "msg_1", 17, BODY)
    assert headers["X-Webhook-Signature"] == hmac.new(b"whsec_c2VjcmV0", BODY, hashlib.sha256).hexdigest()


def test_a_secret_that_promises_base64_and_is_not_stops_the_start():
    with pytest.raises(binascii.Error):
        create_demo(DemoSettings(secret="whsec_not base64!"))
