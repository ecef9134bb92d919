"""The outbox: events for the site, written with the change they tell of, sent after it is committed, retried."""

import base64
import hashlib
import hmac
import json
import logging
import threading
import time
import uuid
from datetime import timedelta

import odoo
import requests
from odoo import SUPERUSER_ID, api, fields, models

_logger = logging.getLogger(__name__)

URLS = {
    "booking": "fleet_rental_storefront.booking_webhook_url",
    "inventory": "fleet_rental_storefront.inventory_webhook_url",
}
SECRET = "fleet_rental_storefront.webhook_secret"  # noqa: S105 - the name of a setting, not a secret
STANDARD_PREFIX = "whsec_"
ACCEPTED = range(200, 300)
ANSWER_WITHIN = 5  # seconds
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
TRIES = 30  # for about a day
KEPT = timedelta(days=30)
SENDING = "fleet_rental_storefront.sending"


def signatures(secret, message_id, timestamp, body):
    """Both signatures of contract section 2 as headers: Standard Webhooks 1.0.0, and the plain one."""
    standard = secret.removeprefix(STANDARD_PREFIX)
    key = base64.b64decode(standard) if standard != secret else secret.encode()
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode(),
        "X-Webhook-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


class FleetRentalEvent(models.Model):
    _name = "fleet.rental.event"
    _description = "Webhook to the website"
    _order = "id desc"
    _rec_name = "event_type"

    event_type = fields.Char(required=True, readonly=True)
    endpoint = fields.Selection(
        [("booking", "Bookings"), ("inventory", "Equipment")], required=True, readonly=True
    )
    body = fields.Text(required=True, readonly=True)
    message_id = fields.Char(
        "Message", required=True, readonly=True, default=lambda _self: f"msg_{uuid.uuid4().hex}"
    )
    state = fields.Selection(
        [("waiting", "Waiting"), ("delivered", "Delivered"), ("failed", "Given up")],
        default="waiting",
        required=True,
        readonly=True,
        index=True,
    )
    tries = fields.Integer(readonly=True)
    next_try = fields.Datetime(readonly=True, default=fields.Datetime.now, index=True)
    answer = fields.Char(readonly=True, help="What the site said last.")
    delivered_at = fields.Datetime(readonly=True)

    _message_once = models.Constraint("UNIQUE (message_id)", "A message is written once.")

    @api.model
    def _is_wanted(self):
        return any(map(self._parameter, URLS.values()))

    @api.model
    def _parameter(self, name):
        return self.env["ir.config_parameter"].sudo().get_param(name) or ""

    @api.model
    def _put(self, event_type, payload, endpoint=None):
        """Write one event to the outbox of this transaction, unless its endpoint is not set."""
        endpoint = endpoint or ("booking" if event_type.startswith("booking.") else "inventory")
        if not self._parameter(URLS[endpoint]):
            return self.browse()
        body = json.dumps({"event_type": event_type, **payload})
        delivery = self.sudo().create({"event_type": event_type, "endpoint": endpoint, "body": body})
        self._send_after_commit()
        return delivery

    @api.model
    def _send_after_commit(self):
        """Send from a thread of its own, so that neither staff nor customers wait for the website.

        If the process ends before the thread does, the rows are still there, and the cron job finds them.
        """
        postcommit = self.env.cr.postcommit
        if not postcommit.data.get(SENDING):
            postcommit.data[SENDING] = True
            arguments = (self.env.cr.dbname,)
            postcommit.add(lambda: threading.Thread(target=_send_due, args=arguments, daemon=True).start())

    @api.model
    def _cron_send(self):
        self._send_due()

    @api.model
    def _send_due(self):
        """Send what is due, oldest first, each in a transaction of its own. Stops when the site is not there."""
        reached = True
        while reached:
            due = self.search(
                [("state", "=", "waiting"), ("next_try", "<=", fields.Datetime.now())], order="id", limit=20
            )
            delivery = due.try_lock_for_update(limit=1)
            if not delivery:
                break
            reached = delivery._send()
            self.env.cr.commit()  # what was sent has been sent, whatever happens to the next one

    def _send(self):
        """Send this one now and note the outcome. False when the site could not be reached or is not well."""
        body = self.body.encode()
        secret = self._parameter(SECRET)
        signed = signatures(secret, self.message_id, int(time.time()), body)
        headers = {"Content-Type": "application/json", **signed}
        try:
            answer = requests.post(
                self._parameter(URLS[self.endpoint]),
                data=body,
                headers=headers,
                timeout=ANSWER_WITHIN,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self._failed(type(error).__name__)
            return False
        if answer.status_code in ACCEPTED:
            self.write(
                {
                    "state": "delivered",
                    "tries": self.tries + 1,
                    "answer": f"{answer.status_code} {answer.reason}",
                    "delivered_at": fields.Datetime.now(),
                }
            )
            return True
        self._failed(f"{answer.status_code} {answer.reason}")
        return answer.status_code < 500  # noqa: PLR2004 - from here on the site itself is in trouble

    def _failed(self, answer):
        """Note the failure and when to try again: the pauses double."""
        tries = self.tries + 1
        pause = min(FIRST_PAUSE * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
        values = {"tries": tries, "answer": answer, "next_try": fields.Datetime.now() + pause}
        if tries >= TRIES:
            values["state"] = "failed"
            _logger.warning("Webhook %s given up after %d tries: %s", self.message_id, tries, answer)
        else:
            self.env.ref("fleet_rental_storefront.ir_cron_send_events").sudo()._trigger(at=values["next_try"])
        self.write(values)

    def action_send_again(self):
        """Send the chosen ones again under their old ids, so that the site can tell repetitions."""
        self.write({"state": "waiting", "tries": 0, "next_try": fields.Datetime.now()})
        self._send_after_commit()

    @api.model
    def _send_test(self):
        """Send a test to each endpoint at once; gives the deliveries with the site's answers."""
        tests = self.browse()
        for endpoint in URLS:
            test = self._put("test", {"message": "A test from Odoo"}, endpoint)
            if test:
                test._send()
            tests += test
        return tests

    @api.autovacuum
    def _gc_delivered(self):
        self.search([("state", "=", "delivered"), ("delivered_at", "<", fields.Datetime.now() - KEPT)]).unlink()


def _send_due(dbname):
    """Send what is due in this database, from a thread that belongs to no request."""
    try:
        with odoo.modules.registry.Registry(dbname).cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["fleet.rental.event"]._send_due()
    except Exception:
        _logger.exception("Webhooks could not be sent now; the cron job tries again")
