"""Pages of a list: what a query may ask for, and what the answer says of where it stands (spec 9).

A query gives `page` or `offset`; the answer has both, and everything else of the two shapes.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

MOST = 100
_LAST_PAGE = 1_000_000


class PageQuery(serializers.Serializer[Any]):
    """Validated, it has `limit` and `offset`."""

    page = serializers.IntegerField(min_value=1, max_value=_LAST_PAGE, required=False)
    offset = serializers.IntegerField(min_value=0, max_value=_LAST_PAGE * MOST, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=20)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        page = attrs.pop("page", None)
        if page is None:
            return {"offset": 0, **attrs}
        if "offset" in attrs:
            raise serializers.ValidationError({"offset": ["is not taken beside page."]})
        return {**attrs, "offset": (page - 1) * attrs["limit"]}


class SortedQuery(PageQuery):
    """`sortOrder` beside a `sortBy` of the list's own."""

    sortOrder = serializers.ChoiceField(["asc", "desc"], default="desc")


def paged(
    rows: Sequence[Any] | QuerySet[Any], asked: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the rows of the page that a validated query asks for, and its `pagination`.

    A query set is cut in the database, within the caller's transaction; it is counted there too
    unless the page shows its end.
    """
    offset, limit = asked["offset"], asked["limit"]
    page = list(rows[offset : offset + limit])
    if not isinstance(rows, QuerySet):
        total = len(rows)
    elif len(page) < limit and (page or not offset):
        total = offset + len(page)
    else:
        total = rows.count()
    return page, pagination(total, offset=offset, limit=limit)


def pagination(total: int, *, offset: int, limit: int) -> dict[str, Any]:
    """Return where a page stands among `total` rows."""
    return {
        "total": total,
        "limit": limit,
        "offset": offset,
        "page": offset // limit + 1,
        "totalPages": -(-total // limit),
        "hasMore": offset + limit < total,
    }
