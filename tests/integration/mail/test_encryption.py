"""Mail over TLS: used when it is offered, and with smtps only to a server that proves itself."""

import ssl

import pytest

from lco.mail.outbox import Counts
from tests.certificate import self_signed
from tests.integration.mail.smtp_server import serving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that is trusted only when configured."""
    made = self_signed(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made)
    return context, made.file


def test_starttls_is_used_when_it_is_offered(office, post, certificate):
    with serving(post, office.port, tls_context=certificate[0], require_starttls=True):
        office.book()
        office.send()
    assert post.encrypted == [True]
    assert office.counts() == Counts(0, 0)


@pytest.mark.parametrize(("is_trusted", "state"), [(True, "sent"), (False, "waiting")])
def test_over_smtps_only_a_server_that_proves_itself_gets_mail(
    office, post, certificate, monkeypatch, is_trusted, state
):
    context, file = certificate
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(post, office.port, ssl_context=context):
        number = office.book()
        office.send(scheme="smtps")
    assert len(post.taken) == is_trusted
    assert office.row(number).state == state
