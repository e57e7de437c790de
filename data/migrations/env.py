"""How Alembic reaches our database: only through a connection that `data.migrate` hands over, in one transaction."""

from alembic import context

from data.migrate import of_extensions
from data.tables import Table

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Migrations run through `ecc migrate`, which knows the database.")

foreign = of_extensions(connection)
context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    include_name=lambda name, kind, _: kind != "table" or name not in foreign,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
