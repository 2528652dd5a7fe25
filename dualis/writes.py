"""Statements that write rows, built once: Django builds each anew, at twice the cost of running it.

For the path of an operation: no signals, no related rows, no ids read back. Knows models as Django
describes them. Knows nothing of what they mean; published rows go through `dualis.bulk` alone.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models

from dualis import trips

FEW = 16  # rows; more are worth a query set's own way, which knows the limits of each database


def insert_all(
    rows: Sequence[models.Model], *, is_upsert: bool = False, last_key: str = ""
) -> None:
    """Insert rows of one model in one statement; an upsert overwrites those that are there.

    `last_key` is SQL: a few rows get keys that end with its value, whatever they have themselves.
    """
    if not rows:
        return
    model = type(rows[0])
    if len(rows) > FEW:
        others = [field.name for field in _written(model) if not field.primary_key]
        key = [model._meta.pk.attname]
        conflict: dict[str, Any] = {"unique_fields": key, "update_fields": others}
        model._base_manager.bulk_create(
            rows, **({"update_conflicts": True, **conflict} if is_upsert else {})
        )
        return
    connection = connections[DEFAULT_DB_ALIAS]  # itself: the usual proxy looks it up at each use
    fields = _written(model, bool(last_key))
    params = [value for row in rows for value in _values(row, fields, connection)]
    trips.send(_insert_sql(model, len(rows), is_upsert, last_key), params)
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(row: models.Model, *names: str) -> None:
    """Write these columns of a row that is there."""
    model = type(row)
    fields = [*(model._meta.get_field(name) for name in names), model._meta.pk]
    connection = connections[DEFAULT_DB_ALIAS]
    trips.send(_update_sql(model, names), _values(row, fields, connection))


def _values(row: models.Model, fields: Iterable[Any], connection: Any) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


@cache
def _written(model: type[models.Model], is_keyed: bool = False) -> tuple[Any, ...]:
    """Return the fields that a row brings with it: all but a key that the database gives."""
    return tuple(
        field
        for field in model._meta.concrete_fields
        if not isinstance(field, models.AutoField) and not (is_keyed and field.primary_key)
    )


@cache
def _insert_sql(model: type[models.Model], count: int, is_upsert: bool, last_key: str) -> str:
    names = [_quoted(field.column) for field in _written(model, bool(last_key))]
    marks = ", ".join(["%s"] * len(names))
    rows = [f"({marks})"] * count
    if last_key:
        names.append(_quoted(model._meta.pk.column))
        rows = [f"({marks}, {last_key} - {back})" for back in reversed(range(count))]
    sql = (
        f"INSERT INTO {_quoted(model._meta.db_table)} ({', '.join(names)}) VALUES {', '.join(rows)}"
    )
    if is_upsert:
        key = _quoted(model._meta.pk.column)
        others = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name != key)
        sql += f" ON CONFLICT ({key}) DO UPDATE SET {others}"
    return sql


@cache
def _update_sql(model: type[models.Model], names: tuple[str, ...]) -> str:
    columns = [_quoted(model._meta.get_field(name).column) for name in names]  # type: ignore[union-attr]
    sets = ", ".join(f"{column} = %s" for column in columns)
    table, key = _quoted(model._meta.db_table), _quoted(model._meta.pk.column)
    return f"UPDATE {table} SET {sets} WHERE {key} = %s"


def _quoted(name: str | None) -> str:
    return f'"{name}"'  # both databases take it so
