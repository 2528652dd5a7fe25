"""The one bulk door for published rows: many rows, a statement a model, one signal."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from dualis.published import Published

# Sent once per call with `rows`, inside the transaction that wrote them.
rows_saved = Signal()


def save_all(
    rows: Sequence[Published],
    *,
    silent: Sequence[Published] = (),
    field: str | None = None,
) -> None:
    """Write rows, each run of one model in one upsert; announce them under one head increment.

    `silent` rows are written with them and not announced: their public state did not change. With
    `field`, of rows that exist this one column alone is written, in a statement for each of its
    values: for many rows of few values. The caller holds their locks.
    """
    everything = [*rows, *silent]
    if not everything:
        return
    with transaction.atomic(savepoint=False):
        for _, of_model in groupby(everything, type):
            if field is None:
                _upsert(list(of_model))
            else:
                _update(list(of_model), field)
        if rows:
            rows_saved.send(type(rows[0]), rows=list(rows))


def _upsert(rows: Sequence[Published]) -> None:
    model = type(rows[0])
    fields = [f for f in model._meta.concrete_fields if not f.primary_key]
    model._base_manager.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=[model._meta.pk.attname],
        update_fields=[f.name for f in fields],
    )


def _update(rows: Sequence[Published], field: str) -> None:
    def value(row: Published) -> Any:
        return getattr(row, field)

    for written, group in groupby(sorted(rows, key=value), value):
        keys = [row.pk for row in group]
        type(rows[0])._base_manager.filter(pk__in=keys).update(**{field: written})
