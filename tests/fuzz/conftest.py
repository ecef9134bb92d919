"""Mails as the site renders them, from where their own tests have them."""

from tests.app.mail.conftest import make_messages, messages, render

__all__ = ["make_messages", "messages", "render"]
