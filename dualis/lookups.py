"""Queries whose SQL is built once: building it anew costs Django more than reading a few rows.

For the path of an operation. Knows query sets and compilers. Knows nothing of any model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators

from dualis import trips

M = TypeVar("M", bound=models.Model)
_MARK = -(10**17)  # stands for a number while SQL is built; nothing of ours is that small


@dataclass(frozen=True, slots=True)
class Asked(Generic[M]):
    """What a query built once is to read, and with which values."""

    plan: "_Plan"
    values: tuple[str | int, ...]

    def read(self) -> list[M]:
        return read_all(self)[0]


class Reader(Generic[M]):
    """Reads what a query selects; `of` leaves that to `read_all`."""

    def __init__(self, build: Callable[..., "models.QuerySet[M]"]) -> None:
        self._build = build
        self._plans: dict[tuple[Any, ...], _Plan] = {}
        update_wrapper(self, build)

    def __call__(self, *values: str | int) -> list[M]:
        return self.of(*values).read()

    def of(self, *values: str | int) -> Asked[M]:
        connection = connections[DEFAULT_DB_ALIAS]  # itself: the proxy looks it up at each use
        key = connection.vendor, *map(type, values)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = _Plan(self._build, values, connection)
        return Asked(plan, values)


def built_once(build: Callable[..., "models.QuerySet[M]"]) -> Reader[M]:
    """Return a function that reads what `build` selects.

    `build` takes texts and whole numbers alone, uses each in a look-up that takes it as it is, and
    branches on none of them. It is called once for each row of types and kind of database.
    """
    return Reader(build)


def read_all(*asked: Asked[Any]) -> list[list[Any]]:
    """Read all of these in their order, locks included, in one trip to the database."""
    connection = connections[DEFAULT_DB_ALIAS]
    for one in asked:
        assert connection.in_atomic_block or not one.plan.is_locking, "a lock lasts a transaction"
    found = trips.read_all([one.plan.query(one.values) for one in asked])
    return [one.plan.instances(rows) for one, rows in zip(asked, found, strict=True)]


class _Plan:
    """The SQL of a query set, which value each of its parameters is, and how its rows are read."""

    def __init__(
        self,
        build: Callable[..., "models.QuerySet[Any]"],
        values: tuple[str | int, ...],
        connection: Any,
    ) -> None:
        marks = [
            f"value {number}" if isinstance(value, str) else _MARK - number
            for number, value in enumerate(values)
        ]
        query = build(*marks).query
        compiler = query.get_compiler(connection=connection)
        self._sql, params = compiler.as_sql()
        self._params = [(marks.index(p), None) if p in marks else (None, p) for p in params]
        self.is_locking = query.select_for_update
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

    def query(self, values: tuple[str | int, ...]) -> tuple[str, list[Any]]:
        return self._sql, [fixed if at is None else values[at] for at, fixed in self._params]

    def instances(self, rows: list[Any]) -> list[Any]:
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
        if self.is_locking:  # nobody else changes it: `writes` compares with what is there
            state.locked, state.written = dict(instance.__dict__), {}  # type: ignore[attr-defined]
        return instance
