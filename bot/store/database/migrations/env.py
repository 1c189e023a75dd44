"""Alembic's environment: runs revisions on the given connection, and leaves logging alone."""

from alembic import context

from bot.store.database.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
