"""The outbox: events for the site, written with the change they tell of, read as a feed, or sent as webhooks."""

import hashlib
import json
import logging
import re
import threading
import time
import uuid
from datetime import UTC, timedelta

import requests
from odoo import SUPERUSER_ID, api, fields, models
from odoo.modules.registry import Registry
from odoo.tools import SQL

from ..exceptions import CursorExpired
from ..signature import SignatureError, signature_headers

_logger = logging.getLogger(__name__)

URLS = {
    "booking": "fleet_rental_storefront.booking_webhook_url",
    "inventory": "fleet_rental_storefront.inventory_webhook_url",
}
SECRET = "fleet_rental_storefront.webhook_secret"  # noqa: S105 - the name of a setting, not a secret
SIGNATURE = "fleet_rental_storefront.webhook_signature"
API_KEY = "fleet_rental_storefront.api_key"
PURGED = "fleet_rental_storefront.events_purged_through"
SENDING = "fleet_rental_storefront.sending"
CURSOR = re.compile(r"[0-9a-f]{12}-[0-9]{1,19}-[0-9]{1,19}")
ACCEPTED = range(200, 300)
REFUSED = {400, 409, 413, 415, 422}  # this event is wrong; by any other answer the site is in trouble
ANSWER_WITHIN = 5  # seconds
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(seconds=30)  # while the site cannot be reached, so that it is noticed soon when it can
LONGEST_PAUSE_REFUSED = timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(days=7)
KEPT = timedelta(days=30)
MANY = 50  # vehicles changed in one transaction: from here on the feed tells which
# The identity of this very copy of the database: a restored or copied one has another, so cursors end with it.
EPOCH = """
    SELECT s.system_identifier, c.timeline_id, d.oid, 'fleet_rental_event'::regclass::oid
      FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d
     WHERE d.datname = current_database()
"""


class FleetRentalEvent(models.Model):
    """One event. It is in the feed in any case, and is sent when its endpoint has an address."""

    _name = "fleet.rental.event"
    _description = "Event for the website"
    _order = "id desc"
    _rec_name = "event_type"

    event_type = fields.Char(required=True, readonly=True)
    kind = fields.Selection(
        [
            ("vehicle", "Equipment"),
            ("booking", "Booking"),
            ("calendar", "Calendar"),
            ("storefront", "Storefront"),
            ("test", "Test"),
        ],
        required=True,
        readonly=True,
    )
    # The numbers stay when the record goes.
    res_id = fields.Integer("Record", readonly=True)
    booking_ref = fields.Char("Booking", readonly=True)
    version = fields.Integer(readonly=True)
    deleted = fields.Boolean(readonly=True)
    at = fields.Datetime(readonly=True, required=True, default=fields.Datetime.now, index=True)
    epoch = fields.Char(readonly=True)
    endpoint = fields.Selection([("booking", "Bookings"), ("inventory", "Equipment")], readonly=True)
    body = fields.Text(readonly=True)
    message_id = fields.Char(readonly=True, default=lambda _self: f"msg_{uuid.uuid4().hex}")
    state = fields.Selection(
        [
            ("unsent", "Only in the feed"),
            ("waiting", "Waiting"),
            ("delivered", "Delivered"),
            ("failed", "Given up"),
        ],
        default="unsent",
        required=True,
        readonly=True,
    )
    tries = fields.Integer(readonly=True)
    next_try = fields.Datetime(readonly=True, default=fields.Datetime.now)
    answer = fields.Char(readonly=True, help="What the site said last.")
    delivered_at = fields.Datetime(readonly=True)

    _message_once = models.UniqueIndex("(message_id)", "A message is written once.")
    _newest = models.Index("(kind, res_id, version)")
    _waiting = models.Index("(kind, res_id, id) WHERE state = 'waiting'")

    def init(self):
        """Add what the feed is ordered by: the transaction of a row, and one sequence for versions of vehicles."""
        self.env.cr.execute(
            """
            ALTER TABLE fleet_rental_event ADD COLUMN IF NOT EXISTS txid xid8 DEFAULT pg_current_xact_id();
            CREATE INDEX IF NOT EXISTS fleet_rental_event_feed ON fleet_rental_event (txid, id);
            CREATE SEQUENCE IF NOT EXISTS fleet_rental_version_seq;
            """
        )

    # Writing

    @api.model
    def _put(self, events):
        """Write events to the outbox of this transaction; those whose endpoint has an address are sent.

        `events` are dicts of `kind`, `event_type`, `version`, as they apply `res_id`, `booking_ref`, `deleted`,
        `payload` (further fields of the webhook's body) and `push` (False: only in the feed).
        """
        if not events:
            return self.browse()
        epoch, now = self._epoch(), fields.Datetime.now()
        written = self.sudo().create([self._values(event, epoch, now) for event in events])
        if any(event.state == "waiting" for event in written):
            self._send_after_commit()
        return written

    def _values(self, event, epoch, now):
        payload = event.pop("payload", {})
        endpoint = event.pop("endpoint", "booking" if event["kind"] == "booking" else "inventory")
        push = event.pop("push", True) and self._parameter(URLS[endpoint])
        body = {"event_type": event["event_type"], "version": event["version"], "at": instant(now), **payload}
        return {
            **event,
            "epoch": epoch,
            "at": now,
            "endpoint": endpoint,
            "body": json.dumps(body) if push else False,
            "state": "waiting" if push else "unsent",
        }

    @api.model
    def _next_versions(self, vehicle_ids):
        """A version for each vehicle, larger than all before it, in the order in which transactions commit."""
        self._lock_versions(sorted(vehicle_ids))
        self.env.cr.execute(
            "SELECT nextval('fleet_rental_version_seq') FROM generate_series(1, %s)", [len(vehicle_ids)]
        )
        return dict(zip(sorted(vehicle_ids), (version for (version,) in self.env.cr.fetchall()), strict=True))

    def _lock_versions(self, ids):
        """Let no other transaction number one of these until this one ends. Many are locked all at once."""
        if len(ids) > MANY:
            self.env.cr.execute("SELECT pg_advisory_xact_lock(hashtext('fleet_rental_version'), 0)")
            return
        self.env.cr.execute("SELECT pg_advisory_xact_lock_shared(hashtext('fleet_rental_version'), 0)")
        for vehicle_id in ids:
            self.env.cr.execute("SELECT pg_advisory_xact_lock(hashtext('fleet_rental_version'), %s)", [vehicle_id])

    @api.model
    def _vehicle_versions(self, vehicle_ids):
        """The newest version of each of these vehicles: {id: version}; one that never changed is left out."""
        domain = [("kind", "=", "vehicle"), ("res_id", "in", vehicle_ids)]
        return dict(self.sudo()._read_group(domain, ["res_id"], ["version:max"]))

    # The feed (docs/odoo-contract.md, section 4.3)

    @api.model
    def _changes(self, after, limit):
        """The events after a cursor, oldest first: (lines, next cursor, whether there are more).

        Without a cursor: no lines, and the cursor of this moment. Only events of transactions older than any
        that still runs are given, so none can appear before a cursor later on. Raises CursorExpired.
        """
        epoch, snapshot = self._epoch(), self._oldest_running()
        if not after:
            return [], _cursor(epoch, snapshot, 0), False
        position = self._position(after, epoch)
        rows = self._rows_after(position, epoch, snapshot, limit + 1)
        lines = [self._line(epoch, *row) for row in rows[:limit]]
        return lines, lines[-1]["cursor"] if lines else after, len(rows) > limit

    def _oldest_running(self):
        self.env.cr.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        return int(self.env.cr.fetchone()[0])

    def _rows_after(self, position, epoch, snapshot, limit):
        self.flush_model()
        query = SQL(
            """SELECT txid::text, id, kind, res_id, booking_ref, version, event_type, at, deleted
                 FROM fleet_rental_event
                WHERE (txid, id) > (%s::text::xid8, %s) AND txid < %s::text::xid8 AND epoch = %s
                  AND kind <> 'test'
             ORDER BY txid, id LIMIT %s""",
            str(position[0]),
            position[1],
            str(snapshot),
            epoch,
            limit,
        )
        return self.env.execute_query(query)

    def _line(self, epoch, txid, event_id, kind, res_id, booking_ref, version, event_type, at, deleted):
        named = {"booking": {"booking_ref": booking_ref}, "vehicle": {"id": res_id}}.get(kind, {})
        return {
            "cursor": _cursor(epoch, txid, event_id),
            "kind": kind,
            **named,
            "version": version,
            "event_type": event_type,
            "at": instant(at),
            "deleted": bool(deleted),
        }

    def _position(self, cursor, epoch):
        """The (transaction, id) of a cursor. Raises CursorExpired for another database's and one too old."""
        parts = cursor.split("-")
        if CURSOR.fullmatch(cursor) and parts[0] == epoch:
            position = int(parts[1]), int(parts[2])
            self.env.cr.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
            newest = int(self.env.cr.fetchone()[0])
            if self._purged_through(epoch) <= position <= (newest, 2**63):
                return position
        raise CursorExpired(self.env._("What changed since this cursor is not known: read everything again."))

    def _purged_through(self, epoch):
        purged = self._parameter(PURGED).split("-")
        return (int(purged[1]), int(purged[2])) if purged[0] == epoch else (0, 0)

    @api.model
    def _epoch(self):
        """What tells this database from its copies and from itself before it was restored."""
        self.env.cr.execute(EPOCH)
        return hashlib.sha256(repr(self.env.cr.fetchone()).encode()).hexdigest()[:12]

    # Sending

    @api.model
    def _parameter(self, name):
        return self.env["ir.config_parameter"].sudo().get_param(name) or ""

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
        """Send what waits; in the thread, since the job's own transaction would hold back the feed meanwhile."""
        self.env["fleet.rental.storefront"]._watch_deliveries()
        self._send_after_commit()

    @api.model
    def _next_due(self):
        """The oldest event that is due, stands behind no older one of its record, and is not being sent; or none.

        It is kept from other threads by an advisory lock: a lock of the row would make this transaction a writing
        one, and hold back the feed for as long as the site takes to answer.
        """
        for event_id in self._due_ids():
            self.env.cr.execute("SELECT pg_try_advisory_xact_lock(hashtext('fleet_rental_send'), %s)", [event_id])
            if self.env.cr.fetchone()[0] and event_id in self._due_ids():
                return self.browse(event_id)
        return self.browse()

    def _due_ids(self):
        self.env.cr.execute(
            """SELECT id FROM fleet_rental_event AS event
                WHERE state = 'waiting' AND next_try <= %s AND NOT EXISTS (
                      SELECT FROM fleet_rental_event AS older
                       WHERE older.state = 'waiting' AND older.id < event.id AND older.kind = event.kind
                         AND older.res_id IS NOT DISTINCT FROM event.res_id)
             ORDER BY id LIMIT 20""",
            [fields.Datetime.now()],
        )
        return [event_id for (event_id,) in self.env.cr.fetchall()]

    def _send(self):
        """Send this one now and note the outcome. False when the site could not be reached or is not well."""
        try:
            answer = self._post()
        except (requests.RequestException, SignatureError) as error:
            self._failed(str(error) if isinstance(error, SignatureError) else type(error).__name__, LONGEST_PAUSE)
            return False
        said = f"{answer.status_code} {answer.reason}"
        if answer.status_code in ACCEPTED:
            done = {"state": "delivered", "tries": self.tries + 1, "answer": said}
            self.write({**done, "delivered_at": fields.Datetime.now()})
            return True
        refused = answer.status_code in REFUSED
        self._failed(said, LONGEST_PAUSE_REFUSED if refused else LONGEST_PAUSE)
        return refused

    def _post(self):
        body = self.body.encode()
        form = self._parameter(SIGNATURE)
        signed = signature_headers(form, self._parameter(SECRET), self.message_id, int(time.time()), body)
        return requests.post(
            self._parameter(URLS[self.endpoint]),
            data=body,
            headers={"Content-Type": "application/json", **signed},
            timeout=ANSWER_WITHIN,
            allow_redirects=False,
        )

    def _failed(self, answer, longest_pause):
        """Note the failure and when to try again: the pauses double up to `longest_pause`."""
        now, tries = fields.Datetime.now(), self.tries + 1
        pause = min(FIRST_PAUSE * 2 ** min(tries - 1, 20), longest_pause)
        values = {"tries": tries, "answer": answer, "next_try": now + pause}
        if now - self.at >= GIVEN_UP_AFTER:
            values["state"] = "failed"
            self.env["fleet.rental.storefront"]._tell_of_given_up()
            _logger.warning("Webhook %s given up after %d tries: %s", self.message_id, tries, answer)
        else:
            self.env.ref("fleet_rental_storefront.ir_cron_send_events").sudo()._trigger(at=values["next_try"])
        self.write(values)

    @api.model
    def _is_failing_since(self, moment):
        """Whether an event of that time or before was tried in vain, and waits."""
        return bool(
            self.search_count([("state", "=", "waiting"), ("tries", ">", 0), ("at", "<=", moment)], limit=1)
        )

    def action_send_again(self):
        """Send the chosen ones again under their old ids, so that the site can tell repetitions."""
        again = self.filtered("body")
        again.write({"state": "waiting", "tries": 0, "next_try": fields.Datetime.now()})
        self._send_after_commit()
        return True

    @api.model
    def _send_test(self):
        """Send a test to each endpoint at once; gives the events with the site's answers."""
        tests = self.browse()
        for number, endpoint in enumerate(URLS):
            event = {"kind": "test", "event_type": "test", "version": 0, "res_id": number, "endpoint": endpoint}
            test = self._put([{**event, "payload": {"message": "A test from Odoo"}}])
            if test.state == "waiting":
                test._send()
                tests += test
        return tests

    @api.autovacuum
    def _gc_events(self):
        """Forget what is older than 30 days, but for what still waits and the newest of each vehicle."""
        self.flush_model()
        self.env.cr.execute(
            """DELETE FROM fleet_rental_event AS event
                WHERE at < %s AND state <> 'waiting' AND (kind <> 'vehicle' OR EXISTS (
                      SELECT FROM fleet_rental_event AS newer
                       WHERE newer.kind = 'vehicle' AND newer.res_id = event.res_id
                         AND newer.version > event.version))
            RETURNING txid::text, id, epoch""",
            [fields.Datetime.now() - KEPT],
        )
        deleted, epoch = self.env.cr.fetchall(), self._epoch()
        purged = [(int(txid), event_id) for txid, event_id, written_in in deleted if written_in == epoch]
        if purged:
            self.env["ir.config_parameter"].sudo().set_param(PURGED, _cursor(epoch, *max(purged)))
        self.invalidate_model()


def instant(moment):
    """A moment of Odoo's, which are UTC, as JSON has it."""
    return moment.replace(tzinfo=UTC, microsecond=0).isoformat().replace("+00:00", "Z")


def _cursor(epoch, txid, event_id):
    return f"{epoch}-{txid}-{event_id}"


def _send_due(dbname):
    """Send what is due in this database, oldest first. Stops when the site cannot be reached.

    Each event has a transaction of its own: what was sent has been sent, also if the next one fails.
    """
    try:
        while _send_one(Registry(dbname)):
            pass
    except Exception:
        _logger.exception("Webhooks could not be sent now; the cron job tries again")


def _send_one(registry):
    """Whether there was an event to send and the site took or refused it."""
    with registry.cursor() as cr:
        # Two threads look for work at once: each has to see what the other has just done.
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        event = api.Environment(cr, SUPERUSER_ID, {})["fleet.rental.event"]._next_due()
        return bool(event) and event._send()
