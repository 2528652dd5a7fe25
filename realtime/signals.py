"""The only receivers: a published row that was saved or deleted is journalled."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from dualis.bulk import rows_saved
from dualis.published import Published
from realtime import journal


@receiver(post_save, dispatch_uid="journal_saved")
def _saved(sender: type, instance: Any, raw: bool = False, **kwargs: Any) -> None:
    if isinstance(instance, Published) and not raw:
        journal.record([instance])


@receiver(post_delete, dispatch_uid="journal_deleted")
def _deleted(sender: type, instance: Any, **kwargs: Any) -> None:
    if isinstance(instance, Published):
        journal.record([instance], is_deleted=True)


@receiver(rows_saved, dispatch_uid="journal_rows_saved")
def _rows_saved(sender: type, rows: list[Published], **kwargs: Any) -> None:
    journal.record(rows)
