"""Pages of lists: by page or by offset, and what the answer says of where it stands."""

import pytest
from rest_framework.exceptions import ValidationError

from dualis.oracle.models import Asset
from dualis.paging import PageQuery, paged
from tests import world


def asked(**query):
    bound = PageQuery(data=query)
    bound.is_valid(raise_exception=True)
    return bound.validated_data


@pytest.mark.parametrize(
    ("query", "rows", "place"),
    [
        ({}, range(20), (0, 1, 3, True)),
        ({"limit": 20, "page": 3}, range(40, 45), (40, 3, 3, False)),
        ({"limit": 20, "offset": 40}, range(40, 45), (40, 3, 3, False)),
        ({"limit": 10, "offset": 5}, range(5, 15), (5, 1, 5, True)),
        ({"limit": 45}, range(45), (0, 1, 1, False)),
        ({"page": 9}, [], (160, 9, 3, False)),
    ],
)
def test_a_page_is_cut_and_says_where_it_stands(query, rows, place):
    page, pagination = paged(range(45), asked(**query))
    assert page == list(rows)
    names = ("offset", "page", "totalPages", "hasMore")
    assert tuple(pagination[name] for name in names) == place
    assert pagination["total"] == 45 and pagination["limit"] == query.get("limit", 20)


def test_an_empty_list_has_no_pages():
    assert paged([], asked()) == (
        [],
        {"total": 0, "limit": 20, "offset": 0, "page": 1, "totalPages": 0, "hasMore": False},
    )


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"page": 1, "offset": 0}, "offset"),
        ({"page": 0}, "page"),
        ({"offset": -1}, "offset"),
        ({"offset": 10**18}, "offset"),
        ({"limit": 101}, "limit"),
    ],
)
def test_a_query_that_names_no_page_is_refused(query, name):
    with pytest.raises(ValidationError) as refused:
        asked(**query)
    assert set(refused.value.detail) == {name}


@pytest.mark.django_db
def test_a_page_of_the_database_is_that_of_a_list():
    for symbol in "ABCDE":
        world.asset(symbol)
    rows = Asset.objects.order_by("symbol")
    for limit in (2, 5, 6):
        for offset in (0, 2, 4, 5, 9):
            query = asked(limit=limit, offset=offset)
            assert paged(rows, query) == paged(list(rows), query), query
    assert paged(Asset.objects.none(), asked()) == paged([], asked())
