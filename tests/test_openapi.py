"""The OpenAPI document: every route is in it, nothing is guessed, answers are what it says."""

import json

import jsonschema  # type: ignore[import-untyped]
import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from rest_framework import serializers
from rest_framework.views import APIView

from dualis.accounts import serializers as accounts
from dualis.api import reply, valid
from realtime import openapi, reference
from realtime.view_reading import reading
from tests import world

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document():
    openapi.document.cache_clear()
    GENERATOR_STATS.reset()
    return json.loads(json.dumps(openapi.document()))


def rest_routes(patterns=None, base="/"):
    """Yield the path of every REST view, as OpenAPI writes it, with the view."""
    for one in patterns or get_resolver().url_patterns:
        path = base + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from rest_routes(one.url_patterns, path)
        elif issubclass(view := getattr(one.callback, "cls", object), APIView):
            yield path.replace("<str:", "{").replace(">", "}"), view


def test_it_is_a_valid_document_made_without_a_warning(document):
    assert not GENERATOR_STATS
    validate_schema(document)


def test_every_rest_route_and_method_is_in_it(document):
    routes = dict(rest_routes())
    assert len(routes) > 90
    for path, view in routes.items():
        wanted = {m for m in METHODS if hasattr(view, m) and m in view.http_method_names}
        assert wanted == METHODS & set(document["paths"][path]), path


def test_every_operation_says_what_it_does_under_a_name_of_its_own(document):
    names = []
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            operation = item[method]
            names.append(operation["operationId"])
            summary = operation["summary"]
            assert len(summary.split()) > 1 and "View" not in summary, (method, path, summary)
    assert len(names) == len(set(names))


def test_a_change_says_what_its_body_is(document):
    body = document["paths"]["/v1/borrow/request"]["post"]["requestBody"]["content"]
    ref = body["application/json"]["schema"]["$ref"].split("/")[-1]
    fields = document["components"]["schemas"][ref]["properties"]
    assert set(fields) == {"lendingPoolId", "borrowAmount", "collateralAssets", "source"}
    query = document["paths"]["/v1/user/statement"]["get"]["parameters"]
    assert {"cursor", "from", "to"} <= {one["name"] for one in query}
    assets = document["paths"]["/v1/oracle/prices"]["get"]["parameters"]
    assert [one["name"] for one in assets] == ["assets"]
    order = document["components"]["schemas"]["ExchangeOrder"]
    assert order["properties"]["type"]["enum"] == ["order"]


def test_what_needs_a_sign_in_says_so(document):
    assert document["paths"]["/v1/pools"]["get"]["security"] == [{}]
    own = document["paths"]["/v1/user/balances"]["get"]["security"]
    assert {name for one in own for name in one} == {"accessToken", "session"}


def test_recorded_answers_fit_their_addresses(document):
    for name in json.loads(openapi.ANSWERS.read_text()):
        method, path = name.split(" ")
        assert method.lower() in document["paths"][path], name


@pytest.mark.django_db(transaction=True)
def test_what_a_public_address_answers_is_what_it_says(document):
    world.quote("ETH", "2041")
    client, checked = Client(), 0
    for path, item in document["paths"].items():
        operation = item.get("get", {})
        if "{" in path or operation.get("security") != [{}] or path in openapi._PLAIN:
            continue
        answer = client.get(path)
        if answer.status_code != 200:
            continue
        (content,) = operation["responses"]["200"]["content"].values()
        jsonschema.validate(
            answer.json(), {**content["schema"], "components": document["components"]}
        )
        checked += 1
    assert checked >= 8


def test_both_documents_are_served_to_any_origin():
    for path, key in (("/v1/openapi.json", "openapi"), ("/v1/asyncapi.json", "asyncapi")):
        answer = Client().get(path)
        assert key in answer.json()
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "max-age=300" in answer["Cache-Control"]


def test_the_catalogue_has_every_code_once_with_all_its_texts():
    rows = {row["code"]: row for row in reference.catalogue()}
    assert rows["NOT_FOUND"]["status"] == 404
    assert len(rows["INSUFFICIENT_BALANCE"]["texts"]) > 2
    assert "INTERNAL_ERROR" in rows


# --- what a view reads --------------------------------------------------------------------------
class _Body(serializers.Serializer):
    amount = serializers.CharField()


class _Query(serializers.Serializer):
    page = serializers.IntegerField()


class _View(APIView):
    body = _Body

    def get(self, request):
        query = _Query(data=request.query_params.dict())
        query.is_valid()
        return reply([], seq=1, pagination={}, extra=request.query_params.get("word"))

    def post(self, request):
        valid(self.body, request)
        return reply({}, status=201)

    def put(self, request):
        valid(accounts.Login, request)
        return _helped()

    def delete(self, request):
        return None


def _helped():
    return reply({}, status=202)


def test_a_view_s_source_tells_what_it_reads_and_answers():
    got, posted, put = (reading(_View, method) for method in ("get", "post", "put"))
    assert (got.query, got.body, got.status) == (_Query, None, 200)
    assert set(got.extras) == {"seq", "pagination", "extra"} and got.params == ("word",)
    assert (posted.body, posted.query, posted.status) == (_Body, None, 201)
    assert (put.body, put.status) == (accounts.Login, 202)
    assert reading(_View, "delete") == type(got)()


def test_a_recorded_value_gives_a_loose_shape():
    recorded = {
        "a": True,
        "b": 0,
        "c": 12,
        "d": 0.5,
        "e": "x",
        "f": None,
        "g": [],
        "h": [{"i": 1.5}],
    }
    wanted = {
        "a": {"type": ["boolean", "null"]},
        "b": {"type": ["number", "null"]},
        "c": {"type": ["integer", "null"]},
        "d": {"type": ["number", "null"]},
        "e": {"type": ["string", "null"]},
        "f": {},
        "g": {"type": ["array", "null"], "items": {}},
        "h": {
            "type": ["array", "null"],
            "items": {
                "type": ["object", "null"],
                "properties": {"i": {"type": ["number", "null"]}},
            },
        },
    }
    assert openapi.shape(recorded) == {"type": ["object", "null"], "properties": wanted}
