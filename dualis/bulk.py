"""The one bulk door for published rows: many rows, a statement a model, one signal."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db import connection, transaction
from django.db.models import JSONField
from django.dispatch import Signal

from dualis import trips
from dualis.published import Published
from dualis.writes import upsert_all

COPIED_FROM = 50  # new rows; below it one INSERT is as fast

# Sent once per call with `rows`, inside the transaction that wrote them.
rows_saved = Signal()


def save_all(
    rows: Sequence[Published],
    *,
    silent: Sequence[Published] = (),
    field: str | None = None,
    is_new: bool = False,
) -> None:
    """Write rows, each run of one model in one upsert; announce them under one head increment.

    `silent` rows are written with them and not announced: their public state did not change. With
    `field`, of rows that exist this one column alone is written, in a statement for each of its
    values: for many rows of few values. With `is_new`, none of `rows` exists yet, and there are
    no silent ones. The caller holds their locks.
    """
    assert not (is_new and silent), "who is not told of is no news"
    everything = [*rows, *silent]
    if not everything:
        return
    with transaction.atomic(savepoint=False):
        if is_new:
            _insert(rows)
        else:
            for _, of_model in groupby(everything, type):
                if field is None:
                    upsert_all(list(of_model))
                else:
                    _update(list(of_model), field)
        if rows:
            rows_saved.send(type(rows[0]), rows=list(rows))


def _insert(rows: Sequence[Published]) -> None:
    """Insert rows; many of them through COPY where there is one, at half the cost."""
    model = type(rows[0])
    if connection.vendor != "postgresql" or len(rows) < COPIED_FROM:
        model._base_manager.bulk_create(rows)
        return
    from psycopg.types.json import Jsonb

    trips.flush()
    fields = model._meta.concrete_fields
    table = connection.ops.quote_name(model._meta.db_table)
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    names = [(field.attname, isinstance(field, JSONField)) for field in fields]
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            kept = row.__dict__
            copy.write_row([Jsonb(kept[n]) if is_json else kept[n] for n, is_json in names])
            row._state.adding = False


def _update(rows: Sequence[Published], field: str) -> None:
    def value(row: Published) -> Any:
        return getattr(row, field)

    for written, group in groupby(sorted(rows, key=value), value):
        keys = [row.pk for row in group]
        type(rows[0])._base_manager.filter(pk__in=keys).update(**{field: written})
