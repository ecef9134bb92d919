"""Records whose changes the site is told: compared just before the commit with what they were at first."""

from odoo import models

TRACKED = "fleet_rental_storefront.tracked"


class FleetRentalTracked(models.AbstractModel):
    """Writes an event for each record that ends a transaction in another state than it had.

    A model says with `_snapshot` what can be seen of its records, and with `_tell` which events a change of it is.
    The events are rows of the very transaction that they tell about, so what is rolled back is not told.
    """

    _name = "fleet.rental.tracked"
    _description = "Record whose changes are told to the website"

    def _remember(self, *, new=False, parts=()):
        """Keep what can be seen now; to be called before a change. The first call in a transaction counts.

        `parts` narrows the comparison to these parts of a snapshot; without any, all are compared.
        """
        if not self:
            return
        models_tracked = self.env.cr.precommit.data.setdefault(TRACKED, {})
        if self._name not in models_tracked:
            models_tracked[self._name] = {}
            self.env.cr.precommit.add(self.sudo().browse()._tell_what_changed)
        remembered = models_tracked[self._name]
        parts = frozenset(parts or self._snapshot_parts())
        unseen = self.sudo().filtered(lambda record: not parts <= remembered.get(record.id, {}).keys())
        # What one of many records reads is read for all of them at once.
        snapshots = {} if new else unseen.with_prefetch(self._prefetch_ids)._snapshot(parts)
        for record in unseen:
            absent = dict.fromkeys(parts)
            remembered[record.id] = {**snapshots.get(record.id, absent), **remembered.get(record.id, {})}

    def _tell_what_changed(self):
        """Compare every remembered record with what can be seen of it now, and write the events."""
        remembered = self.env.cr.precommit.data[TRACKED].pop(self._name)
        kept = self.browse(remembered).exists()
        after = {}
        for parts, ids in _by_parts(remembered, kept.ids).items():
            after.update(self.browse(ids)._snapshot(parts))
        gone = {record_id: dict.fromkeys(before) for record_id, before in remembered.items()}
        changed = {
            record_id: (before, now)
            for record_id, before in remembered.items()
            if before != (now := after.get(record_id, gone[record_id]))
        }
        if changed:
            self._tell(changed)

    def _snapshot_parts(self):
        """The names of the parts that a whole snapshot has."""
        raise NotImplementedError

    def _snapshot(self, parts):
        """What can be seen of these records: {id: {part: value}}; a part of a record that is not there is None."""
        raise NotImplementedError

    def _tell(self, changed):
        """Write the events of changed records: {id: (snapshot before, snapshot now)}."""
        raise NotImplementedError


def _by_parts(remembered, ids):
    """The ids by the parts that were remembered of them."""
    groups = {}
    for record_id in ids:
        groups.setdefault(frozenset(remembered[record_id]), []).append(record_id)
    return groups
