"""Queries whose SQL is built once: building it anew costs Django more than reading a few rows.

For the path of an operation. Knows query sets and compilers. Knows nothing of any model.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=models.Model)


def built_once(
    build: Callable[..., "models.QuerySet[M]"],
) -> Callable[..., list[M]]:
    """Return a function that reads what `build` selects.

    `build` takes texts alone, uses each in an exact or `in` look-up, and branches on none of them.
    It is called once for each number of them and kind of database.
    """
    plans: dict[tuple[str, int], _Plan] = {}

    @wraps(build)
    def read(*values: str) -> list[M]:
        connection = connections[DEFAULT_DB_ALIAS]  # itself: the proxy looks it up at each use
        key = connection.vendor, len(values)
        plan = plans.get(key)
        if plan is None:
            plan = plans[key] = _Plan(build, len(values), connection)
        return plan.read(values, connection)

    return read


class _Plan:
    """The SQL of a query set, which value each of its parameters is, and how its rows are read."""

    def __init__(
        self, build: Callable[..., "models.QuerySet[Any]"], count: int, connection: Any
    ) -> None:
        marks = [f"value {number}" for number in range(count)]
        query = build(*marks).query
        compiler = query.get_compiler(connection=connection)
        self._sql, params = compiler.as_sql()
        self._params = [(marks.index(p), None) if p in marks else (None, p) for p in params]
        self._is_locking = query.select_for_update
        select, known = compiler.select, compiler.klass_info
        columns = [column for column, _, _ in select]
        own = known["select_fields"]
        self._model, self._own = known["model"], slice(own[0], own[-1] + 1)
        self._names = [column.target.attname for column in columns[self._own]]
        self._related = get_related_populators(  # type: ignore[call-arg]  # the stubs are of a later Django
            known, select, DEFAULT_DB_ALIAS
        )
        self._converters = compiler.get_converters(columns)
        self._convert = compiler.apply_converters

    def read(self, values: tuple[str, ...], connection: Any) -> list[Any]:
        assert connection.in_atomic_block or not self._is_locking, "a lock lasts a transaction"
        params = [fixed if at is None else values[at] for at, fixed in self._params]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            rows = cursor.fetchall()
        found = []
        for row in self._convert(rows, self._converters):
            instance = self._instance(row[self._own])
            for related in self._related:
                related.populate(row, instance)
            found.append(instance)
        return found

    def _instance(self, values: list[Any]) -> Any:
        """Return a row as an instance; what a column holds was checked when it was written."""
        instance = self._model.__new__(self._model)
        instance.__dict__.update(zip(self._names, values, strict=True))
        instance._state = state = ModelState()
        state.adding, state.db = False, DEFAULT_DB_ALIAS
        return instance
