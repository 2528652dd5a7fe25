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
# What such a field holds goes to either database as it is.
_PLAIN = {
    models.CharField: str,
    models.TextField: str,
    models.IntegerField: int,
    models.BooleanField: bool,
}


def insert_all(rows: Sequence[models.Model], *, last_key: str = "") -> None:
    """Insert rows of one model in one statement.

    `last_key` is SQL: a few rows get keys that end with its value, whatever they have themselves.
    """
    if not rows:
        return
    model = type(rows[0])
    if len(rows) > FEW:
        model._base_manager.bulk_create(rows)
        return
    fields = _written(model, bool(last_key))
    _insert(model, fields, [[getattr(row, f.attname) for f in fields] for row in rows], last_key)
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def insert_values(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows that need no instances: values of all columns but a key of the database's."""
    fields = _written(model)
    if len(rows) > FEW:
        names = [field.attname for field in fields]
        insert_all([model(**dict(zip(names, row, strict=True))) for row in rows])
    elif rows:
        _insert(model, fields, rows, "")


def insert_new(model: type[models.Model], row: Sequence[Any]) -> bool:
    """Insert a row, given as to `insert_values`; False if one is there that it would repeat."""
    found: list[Any] = []
    sql = _insert_sql(model, 1, False, "") + " ON CONFLICT DO NOTHING RETURNING 1"
    trips.send(sql, _params(_written(model), row), found.extend)
    trips.flush()
    return bool(found)


def upsert_all(rows: Sequence[models.Model]) -> None:
    """Write rows of one model: new ones, ones that are there, or may be.

    Of rows that `lookups` has locked only what has changed since is written.
    """
    if not rows:
        return
    model = type(rows[0])
    fields = _written(model)
    if len(rows) > FEW:
        model._base_manager.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=[model._meta.pk.attname],
            update_fields=[field.name for field in fields if not field.primary_key],
        )
        return
    unknown = [row for row in rows if not hasattr(row._state, "locked")]
    for row in rows:
        if hasattr(row._state, "locked"):
            update(row, *_changed(row, fields))
    if unknown:
        values = [[getattr(row, field.attname) for field in fields] for row in unknown]
        _insert(model, fields, values, "", is_upsert=True)
    for row in unknown:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(row: models.Model, *names: str) -> None:
    """Write these columns of a row that is there."""
    if names:
        model = type(row)
        fields = [*(model._meta.get_field(name) for name in names), model._meta.pk]
        values = [getattr(row, field.attname) for field in fields]  # type: ignore[union-attr]
        trips.send(_update_sql(model, names), _params(fields, values))


def _changed(row: models.Model, fields: Iterable[Any]) -> list[str]:
    """Return the columns of a locked row that differ from what was read.

    What was written before counts for ever: that may have been rolled back to a savepoint.
    """
    state: Any = row._state
    for field in fields:
        name = field.attname
        if name not in row.__dict__ or field.primary_key:
            continue
        # JSON may have been changed where it is
        if isinstance(field, models.JSONField) or row.__dict__[name] != state.locked.get(name):
            state.written[field.name] = None
    return list(state.written)


def _insert(
    model: type[models.Model],
    fields: Sequence[Any],
    rows: Sequence[Sequence[Any]],
    last_key: str,
    *,
    is_upsert: bool = False,
) -> None:
    params = [param for row in rows for param in _params(fields, row)]
    trips.send(_insert_sql(model, len(rows), is_upsert, last_key), params)


def _params(fields: Iterable[Any], values: Iterable[Any]) -> list[Any]:
    connection = connections[DEFAULT_DB_ALIAS]  # itself: the usual proxy looks it up at each use
    return [
        value
        if value is None or type(value) is _plain_type(field)
        else field.get_db_prep_save(value, connection)
        for field, value in zip(fields, values, strict=True)
    ]


@cache
def _plain_type(field: Any) -> type | None:
    """Return the type whose values a field writes as they are; None for a field that converts."""
    if isinstance(field, models.ForeignKey):
        return _plain_type(field.target_field)
    return next((plain for kind, plain in _PLAIN.items() if isinstance(field, kind)), None)


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
