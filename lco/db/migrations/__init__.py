"""The schema over time, one revision for each change; run by Alembic.

`versions` holds the revisions. Each names its tables and columns itself and imports no model, since models change
later; it only adds to the schema (docs/upgrading.md). The tables as they are now are in `lco.db.models`,
`lco.db.mails`, `lco.db.wishes` and `lco.db.change_requests`. `lco.db.database` runs the revisions.
"""
