"""How the tables of the book came to be; Alembic runs these, oldest first."""
