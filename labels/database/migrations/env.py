"""What Alembic runs to bring the book of looks up to date, on a connection that it is given."""

from alembic import context

from labels.database.schema import VERSION_TABLE
from labels.database.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
