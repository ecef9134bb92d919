"""The script that Alembic runs for a migration, on the connection and in the transaction of `Database.migrate`."""

from alembic import context

from lco.db.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
