"""What installing and uninstalling do beside the models."""


def pre_init_hook(env):
    """The constraint against double bookings mixes `=` and `&&`, which needs this extension of PostgreSQL.

    It is a trusted one, so the owner of the database may create it (PostgreSQL 13 and later).
    """
    env.cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
