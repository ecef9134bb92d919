"""Mails to customers: an outbox in the database, a worker that sends, and what each mail says.

Here belong the composing of mails, their calendar attachment, SMTP, and the rules for another try. Which step of a
booking is worth a mail is decided in `lco.bookings.states`; the texts are templates in `templates/email`.
"""
