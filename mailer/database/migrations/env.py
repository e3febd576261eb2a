"""Alembic's environment: runs the revisions on the connection, and in the transaction, that `migrate` gives."""

from alembic import context

from mailer.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
)
context.run_migrations()
