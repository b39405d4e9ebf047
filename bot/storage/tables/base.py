"""What all tables stand on: one catalogue of them, and the column that ties a row to a resident."""

from sqlalchemy import Column, ForeignKey, MetaData

from scheduler.tables import metadata as _scheduler

metadata = MetaData(naming_convention=_scheduler.naming_convention)


def of_resident(**options: object) -> Column[int]:
    """`resident_id`: the row goes with the resident."""
    return Column("resident_id", ForeignKey("residents.id", ondelete="CASCADE"), **options)  # type: ignore[arg-type] # Column's own keywords
