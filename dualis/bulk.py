"""The one bulk door for published rows: many rows, a statement a model, one signal."""

from collections.abc import Sequence
from itertools import groupby

from django.db import transaction
from django.dispatch import Signal

from dualis.published import Published
from dualis.writes import insert_all

# Sent once per call with `rows`, inside the transaction that wrote them.
rows_saved = Signal()


def save_all(rows: Sequence[Published], *, silent: Sequence[Published] = ()) -> None:
    """Write rows, each run of one model in one upsert; announce them under one head increment.

    `silent` rows are written with them and not announced: their public state did not change.
    """
    everything = [*rows, *silent]
    if not everything:
        return
    with transaction.atomic(savepoint=False):
        for _, of_model in groupby(everything, type):
            insert_all(list(of_model), is_upsert=True)
        if rows:
            rows_saved.send(type(rows[0]), rows=list(rows))
