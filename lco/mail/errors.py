"""The errors that keep a mail from being sent. The messages are for operators and never name an address."""

import traceback

from lco.errors import LcoError


def where(error: Exception) -> str:
    """The kind of `error` and where it was raised: its text may quote what broke, which may be a person's."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"


class MailRefused(LcoError):
    """The mail will never be taken, however often it is sent."""

    code = "mail_refused"
    message = "the mail was refused"


class MailPostponed(LcoError):
    """The mail was not taken now, but may be later."""

    status = 503
    code = "mail_postponed"
    message = "the mail was not taken for now"


class MailServerUnavailable(MailPostponed):
    """No mail at all can be sent at the moment, so there is no use in trying the next one at once."""

    code = "mail_server_away"
    message = "the mail server is away"
