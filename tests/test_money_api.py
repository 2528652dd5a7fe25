"""REST of a user's money."""

import asyncio
import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import AsyncClient
from rest_framework.test import APIClient

from dualis.accounts import ledger, money_api, wallets
from dualis.accounts.ledger import Leg
from dualis.accounts.money import Entry, Movement
from realtime import journal
from tests import world
from tests.people import NOW, bearer, later

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada():
    return world.user("ada")


@pytest.fixture
def client(ada):
    return bearer(world.token(ada))


@pytest.fixture
def history(ada):
    """Twenty-five entries of ada's, an hour apart, alternately supplied and repaid."""
    with transaction.atomic():
        for hour in range(25):
            kind, asset = (("supply", "ETH"), ("repay", "USDC"))[hour % 2]
            legs = [
                Leg(f"wallet:{ada.id}", asset, Decimal(-hour - 1), ada.id),
                Leg("outside", asset, Decimal(hour + 1)),
            ]
            ledger.post(kind, legs, now=later(hours=hour), reference=f"ref_{hour % 5}")
    return list(Entry.objects.filter(owner=ada).order_by("-id"))


def test_balances_are_the_callers_with_seq_and_epoch(client, ada):
    wallets.faucet(ada.id, NOW)
    wallets.faucet(world.user("eve").id, NOW)
    answer = client.get("/v1/user/balances")
    at = journal.position()
    assert answer.status_code == 200
    assert answer.json() == {
        "data": [
            {"asset": "CC", "amount": "10000"},
            {"asset": "ETH", "amount": "50"},
            {"asset": "USDC", "amount": "100000"},
            {"asset": "wBTC", "amount": "2"},
        ],
        "seq": at.seq,
        "epoch": at.epoch,
    }


@pytest.mark.parametrize("path", ["balances", "statement"])
def test_money_is_shown_to_who_is_signed_in(path):
    answer = APIClient().get(f"/v1/user/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHORIZED")


def test_a_statement_line_has_everything(client, history):
    answer = client.get("/v1/user/statement", {"limit": 1}).json()
    assert answer["data"] == [
        {
            "id": str(history[0].pk),
            "movementId": history[0].movement_id,
            "type": "supply",
            "account": history[0].account,
            "asset": "ETH",
            "amount": "-25",
            "reference": "ref_4",
            "memo": None,
            "at": "2026-03-02T10:00:00.000Z",
        }
    ]
    at = journal.position()
    assert (answer["seq"], answer["epoch"]) == (at.seq, at.epoch)


def test_a_statement_goes_by_page(client, history):
    answer = client.get("/v1/user/statement", {"page": 2, "limit": 10}).json()
    assert [row["id"] for row in answer["data"]] == [str(row.pk) for row in history[10:20]]
    assert answer["pagination"] == {
        "page": 2,
        "limit": 10,
        "offset": 10,
        "total": 25,
        "totalPages": 3,
        "hasMore": True,
        "nextCursor": str(history[19].pk),
    }
    last = client.get("/v1/user/statement", {"page": 3, "limit": 10}).json()["pagination"]
    assert (last["hasMore"], last["nextCursor"]) == (False, None)


def test_a_statement_goes_by_cursor(client, history):
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 10}
    while True:
        answer = client.get("/v1/user/statement", query).json()
        seen += [row["id"] for row in answer["data"]]
        if not answer["pagination"]["hasMore"]:
            break
        query["cursor"] = answer["pagination"]["nextCursor"]
    assert seen == [str(row.pk) for row in history]
    assert set(answer["pagination"]) == {"limit", "hasMore", "nextCursor"}


@pytest.mark.parametrize(
    ("query", "hours"),
    [
        ({"type": "repay", "to": "2026-03-01T16:00:00Z"}, [5, 3, 1]),
        ({"asset": "USDC", "from": "2026-03-02T08:00:00Z"}, [23]),
        ({"reference": "ref_0", "type": "supply"}, [20, 10, 0]),
        ({"from": "2026-03-01T12:00:00+02:00", "to": "2026-03-01T11:00:00Z"}, [0]),
        ({"type": "fee"}, []),
    ],
)
def test_a_statement_is_filtered(client, history, query, hours):
    answer = client.get("/v1/user/statement", query).json()
    assert [row["amount"] for row in answer["data"]] == [str(-hour - 1) for hour in hours]
    assert answer["pagination"]["total"] == len(hours)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "101"),
        ("limit", "0"),
        ("page", "0"),
        ("page", "1" + "0" * 30),
        ("cursor", "x"),
        ("cursor", "1" + "0" * 30),
        ("from", "yesterday"),
        ("to", "0001-01-01T00:00:00+14:00"),
        ("asset", "E\0TH"),
        ("type", "x" * 33),
        ("reference", "x" * 65),
    ],
)
@pytest.mark.parametrize("format", ["json", "csv"])
def test_a_bad_query_is_refused_in_json(client, name, value, format):
    answer = client.get("/v1/user/statement", {name: value, "format": format})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert set(answer.json()["error"]["details"]["fields"]) == {name}
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("query", [{"format": "pdf"}, {}])
def test_an_unknown_format_is_refused_in_json(client, query):
    answer = client.get("/v1/user/statement", query, headers={"Accept": "application/pdf"})
    codes = {404: "NOT_FOUND", 406: "NOT_ACCEPTABLE"}
    status = 404 if query else 406
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, codes[status])


def download(owner, query="", accept="*/*"):
    """Return the headers, the chunks and the table of a CSV, as the server's own loop sends it."""

    async def read():
        answer = await AsyncClient().get(
            f"/v1/user/statement{query}",
            headers={"Authorization": f"Bearer {token}", "Accept": accept},
        )
        return answer, [chunk.decode() async for chunk in answer.streaming_content]

    token = world.token(owner)
    answer, chunks = asyncio.run(read())
    assert answer.status_code == 200
    return answer, chunks, list(csv.DictReader(io.StringIO("".join(chunks), newline="")))


@pytest.mark.parametrize(("query", "accept"), [("?format=csv", "*/*"), ("", "text/csv")])
def test_a_csv_has_the_whole_statement_in_chunks(ada, history, monkeypatch, query, accept):
    monkeypatch.setattr(money_api, "CSV_CHUNK", 10)
    answer, chunks, table = download(ada, query, accept)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="statement.csv"'
    assert answer["Cache-Control"] == "no-store"
    assert [chunk.count("\r\n") for chunk in chunks] == [1, 10, 10, 5]
    assert [row["id"] for row in table] == [str(row.pk) for row in history]
    assert [row["amount"] for row in table] == [str(-hour - 1) for hour in reversed(range(25))]


def test_a_csv_is_filtered_and_of_the_caller_alone(ada, history):
    _, _, table = download(ada, "?format=csv&type=repay&asset=USDC&reference=ref_0")
    assert [row["at"] for row in table] == ["2026-03-02T01:00:00.000Z", "2026-03-01T15:00:00.000Z"]
    assert download(world.user("eve"), "?format=csv")[2] == []


def test_a_csv_runs_no_formula_of_a_memo(ada):
    staff = world.user("staff", role="admin")
    wallets.deposit(
        ada.id,
        "USDC",
        Decimal("1.5"),
        places=6,
        actor=staff,
        address="",
        now=NOW,
        memo='=HYPERLINK("http://example.com";"x")',
    )
    row = download(ada, "?format=csv")[2][0]
    assert row["memo"] == '\'=HYPERLINK("http://example.com";"x")'
    assert (row["amount"], row["account"]) == ("1.5", f"wallet:{ada.id}")


def test_the_faucet_answers_with_what_it_gave_and_refuses_a_second_time(client, ada):
    answer = client.post("/v1/user/faucet")
    movement = Movement.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "data": [
            {"asset": "CC", "amount": "10000"},
            {"asset": "USDC", "amount": "100000"},
            {"asset": "ETH", "amount": "50"},
            {"asset": "wBTC", "amount": "2"},
        ],
        "transaction": movement.receipt(),
    }
    again = client.post("/v1/user/faucet")
    error = again.json()["error"]
    assert (again.status_code, error["code"]) == (429, "FAUCET_USED")
    assert again["Retry-After"] == str(error["details"]["retryAfter"])
    assert 86_000 < error["details"]["retryAfter"] <= 86_400


def test_a_repeat_with_the_same_key_gets_the_same_answer(client, ada):
    keyed = {"Idempotency-Key": "faucet-1!~"}
    first = client.post("/v1/user/faucet", {"a": 1}, format="json", headers=keyed)
    again = client.post("/v1/user/faucet", {"a": 1}, format="json", headers=keyed)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert Movement.objects.count() == 1
    other = client.post("/v1/user/faucet", {"a": 2}, format="json", headers=keyed)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "IDEMPOTENCY_CONFLICT")


@pytest.mark.parametrize("key", ["", "x" * 65, "two words", "ключ"])
def test_a_key_that_is_none_is_refused(client, key):
    answer = client.post("/v1/user/faucet", headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert not Movement.objects.exists()


def test_a_body_too_large_to_compare_is_refused(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = client.post(
        "/v1/user/faucet", {"a": "x" * 200}, format="json", headers={"Idempotency-Key": "k"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_a_stream_token_reads_money_and_moves_none(client):
    body = {"name": "bot", "expiresInDays": 1}
    token = client.post("/v1/auth/stream-token", body, format="json").json()["data"]["token"]
    reader = bearer(token)
    assert reader.get("/v1/user/balances").status_code == 200
    assert reader.post("/v1/user/faucet").status_code == 403
    assert not Movement.objects.exists()
