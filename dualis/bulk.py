"""The one bulk door for published rows: many rows, one statement, one signal."""

from collections.abc import Sequence

from django.db import transaction
from django.dispatch import Signal

from dualis.published import Published

# Sent once per call with `rows`, inside the transaction that wrote them.
rows_saved = Signal()


def save_all(rows: Sequence[Published], *, silent: Sequence[Published] = ()) -> None:
    """Write rows of one model in one upsert and announce them under one head increment.

    `silent` rows are written with them and not announced: their public state did not change.
    """
    everything = [*rows, *silent]
    if not everything:
        return
    model = type(everything[0])
    fields = [f for f in model._meta.concrete_fields if not f.primary_key]
    with transaction.atomic():
        model._base_manager.bulk_create(
            everything,
            update_conflicts=True,
            unique_fields=[model._meta.pk.attname],
            update_fields=[f.name for f in fields],
        )
        if rows:
            rows_saved.send(model, rows=list(rows))
