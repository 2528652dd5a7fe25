"""What a model must say of itself to be told to the world. Knows no socket and no journal."""

from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn, Protocol

from django.db import models, transaction


class Told(Protocol):
    """What the journal records: a published row, or another face of one."""

    CHANNEL: ClassVar[str]

    def stream_key(self) -> str: ...
    def stream_owner(self) -> str: ...
    def stream_dims(self) -> tuple[str, ...]: ...
    def to_dict(self) -> dict[str, Any]: ...


class PublishedQuerySet(models.QuerySet[Any]):
    """A query set that refuses to change rows in silence."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{self.model.__name__} is published: change it with save() or dualis.bulk.save_all()"
        )

    update = aupdate = _refuse
    bulk_create = abulk_create = _refuse
    bulk_update = abulk_update = _refuse


class Published(models.Model):
    """A row whose every change is an event: an upsert of (channel, key).

    Saved by `save()`, deleted by `delete()`, written in bulk by `dualis.bulk.save_all` alone; the
    receiver in `realtime.signals` journals all three.
    """

    CHANNEL: ClassVar[str]

    objects = PublishedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row and, by the signal, its event in one transaction."""
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row and, by the signal, record its end in one transaction."""
        with transaction.atomic(savepoint=False):
            return super().delete(*args, **kwargs)

    def stream_key(self) -> str:
        """Return the key of this row in its channel."""
        return str(self.pk)

    def stream_owner(self) -> str:
        """Return the public id of the one user who may see the row; empty if everybody may."""
        return ""

    def stream_dims(self) -> tuple[str, ...]:
        """Return the row's values in the dimensions that its channel can be filtered by.

        Empty for a row that every subscriber of the channel gets, whatever its filter.
        """
        return ()

    def is_open(self) -> bool:
        """Tell whether the row belongs into a snapshot; a row that ends is still sent once."""
        return True

    def faces(self) -> Sequence[Told]:
        """Return what is told when the row changes: itself, unless several channels show it."""
        return (self,)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole public state of the row, ready for JSON."""
        raise AssertionError(f"{type(self).__name__} does not say what it shows")


class PublishedOnce(Published):
    """A published row that is appended: written once, never changed, never deleted."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"{self!r} is written and stays as it is")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{self!r} is written and stays")
