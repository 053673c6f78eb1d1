"""Looks, what they came in with, and what was taken back; triggers keep every row as it is.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("looks", "look_entries", "look_entry_looks", "look_undos")
_REFUSE = """
CREATE OR REPLACE FUNCTION looks_append_only() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'looks are only added, never changed or removed'; END;
$$ LANGUAGE plpgsql
"""


def upgrade() -> None:
    """Make the tables of the first version."""
    _make_looks()
    op.create_table(
        "look_entries",
        sa.Column("entry_id", sa.Integer, primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, index=True),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("entered_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "look_entry_looks",
        sa.Column("entry_id", sa.Integer, sa.ForeignKey("look_entries.entry_id"), primary_key=True),
        sa.Column(
            "look_id", sa.String(64), sa.ForeignKey("looks.look_id"), primary_key=True, index=True
        ),
    )
    op.create_table(
        "look_undos",
        sa.Column("entry_id", sa.Integer, sa.ForeignKey("look_entries.entry_id"), primary_key=True),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("undone_at", sa.DateTime, nullable=False),
    )
    _keep_rows()


def _make_looks() -> None:
    texts = ("who", "source", "means", "photo", "roof")
    more_texts = ("secured", "sides", "sign_posted", "disposition", "confuser", "note", "photos")
    op.create_table(
        "looks",
        sa.Column("look_id", sa.String(64), primary_key=True),
        sa.Column("parcel_id", sa.Text, nullable=False, index=True),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("day", sa.Date),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("roof_pct", sa.Float),
        sa.Column("signs", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in more_texts),
        sa.Column("chosen", sa.Text, nullable=False),
        sa.Column("chance", sa.Float),
        sa.Column("seconds", sa.Float),
        sa.Column("reader", sa.Integer, nullable=False),
        sa.Column("corrects", sa.String(64), nullable=False),
        sa.Column("said_at", sa.DateTime, nullable=False),
    )


def _keep_rows() -> None:
    """Let the database itself refuse to change or remove a row."""
    is_postgres = op.get_bind().dialect.name == "postgresql"
    if is_postgres:
        op.execute(_REFUSE)

    for table in TABLES:
        for deed in ("UPDATE", "DELETE"):
            name = f"{table}_no_{deed.lower()}"
            begin = f"CREATE TRIGGER {name} BEFORE {deed} ON {table}"
            if is_postgres:
                op.execute(f"{begin} FOR EACH ROW EXECUTE FUNCTION looks_append_only()")
            else:
                op.execute(
                    f"{begin} BEGIN SELECT RAISE(ABORT, 'looks are only added, never changed or "
                    "removed'); END"
                )
