"""The schema over time, one revision for each change; run by Alembic."""
