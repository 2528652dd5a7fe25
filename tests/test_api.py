"""Reads with an ETag: 304 while nothing of the answer changed but `seq`, and never otherwise."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from dualis.accounts import wallets
from dualis.lending import borrowing, history, supplying
from dualis.lending.models import BorrowPosition
from realtime.models import Head
from tests import lending_market as lm
from tests import world
from tests.lending_market import T0, rich
from tests.people import NOW, bearer

pytestmark = pytest.mark.django_db(transaction=True)
OPEN_TO_ALL = [
    "pools",
    "pools/usdc-main",
    "pools/usdc-main/history",
    "pools/usdc-main/rate-curve",
    "borrow/collateral-assets",
    "liquidations",
    "oracle/prices",
    "oracle/prices/ETH",
    "oracle/twap/ETH",
    "oracle/sources",
    "oracle/status",
    "oracle/alerts",
    "analytics/overview",
    "analytics/history",
    "analytics/pools",
    "analytics/protocol/tvl",
    "analytics/protocol/stats",
    "analytics/protocol-health",
]
OWN = [
    "supply/positions",
    "supply/positions/usdc-main",
    "borrow/positions",
    "borrow/positions/{loan}",
    "borrow/positions/{loan}/protection",
    "borrow/protections",
    "user/balances",
    "user/statement",
    "notifications",
    "notifications/unread-count",
    "notifications/{notice}",
]


@pytest.fixture
def ada():
    lm.opened()
    user = rich("ada")
    supplying.supply(user.id, "usdc-main", "10000", now=T0)
    borrowing.open_position(user.id, "usdc-main", "5000", {"ETH": "10"}, now=T0)
    return user


@pytest.fixture
def client(ada):
    return bearer(world.token(ada))


def get(client, path, tag=None):
    return client.get(f"/v1/{path}", headers={} if tag is None else {"If-None-Match": tag})


def something_elsewhere():
    """An event that is none of ada's and none of the market's."""
    world.notification(world.user("bob"))


@pytest.mark.parametrize("path", [*OPEN_TO_ALL, *OWN])
def test_the_same_answer_is_304_although_seq_moved_on(ada, client, path):
    names = {
        "loan": BorrowPosition.objects.get().id,
        "notice": world.notification(ada).id,
    }
    api = client if path in OWN else APIClient()
    path = path.format(**names)
    first = get(api, path)
    something_elsewhere()
    again = get(api, path, first["ETag"])
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    fresh = get(api, path)
    assert fresh.json()["seq"] > first.json()["seq"] and fresh["ETag"] == first["ETag"]
    for answer in (first, again):
        is_own = api is client
        assert answer["Cache-Control"] == f"{'private' if is_own else 'public'}, no-cache"
        assert ("Authorization" in answer.get("Vary", "")) == is_own
    assert again["ETag"] == first["ETag"] and again["X-Request-ID"]


CHANGES = {
    "pools": lambda user: supplying.supply(user.id, "eth-main", "1", now=T0),
    "pools/usdc-main": lambda user: supplying.supply(user.id, "usdc-main", "1", now=T0),
    "supply/positions": lambda user: supplying.supply(user.id, "usdc-main", "1", now=T0),
    "borrow/positions": lambda user: world.quote("ETH", "2000"),
    "user/balances": lambda user: wallets.faucet(user.id, NOW),
    "user/statement?limit=1&page=2": lambda user: wallets.faucet(user.id, NOW),
    "oracle/prices": lambda user: world.quote("ETH", "2000"),
    "oracle/prices/ETH": lambda user: world.quote("ETH", "2000"),
    "notifications?limit=1": lambda user: world.notification(user),
    "analytics/protocol/tvl": lambda user: supplying.supply(user.id, "eth-main", "1", now=T0),
    "analytics/protocol-health": lambda user: history.record(T0),
}


@pytest.mark.parametrize("path", CHANGES)
def test_what_changed_is_answered_whole(ada, client, path):
    first = get(client, path)
    CHANGES[path](ada)
    again = get(client, path, first["ETag"])
    assert again.status_code == 200 and again["ETag"] != first["ETag"]
    assert again.json() != first.json()


def test_a_page_whose_rows_stay_while_the_total_grows_is_answered_whole(ada, client):
    """The second oldest entry of a statement is the same; how many there are is not."""
    query = "user/statement?type=supply&asset=USDC&limit=1"
    first = get(client, query)
    supplying.supply(ada.id, "usdc-main", "1", now=T0)
    offset = get(client, query).json()["pagination"]["total"] - first.json()["pagination"]["total"]
    moved = get(client, f"{query}&offset={offset}", first["ETag"])
    assert moved.json()["data"] == first.json()["data"] and moved.status_code == 200


def test_another_epoch_is_another_answer(client):
    first = get(client, "pools")
    Head.objects.update(epoch="restored")
    again = get(client, "pools", first["ETag"])
    assert again.status_code == 200 and again.json()["epoch"] == "restored"


def test_what_is_anothers_is_never_304(client):
    """The same address shows each user his own: a tag of one says nothing to the other."""
    bob = bearer(world.token(rich("bob")))
    tag = get(client, "user/balances")["ETag"]
    assert get(bob, "user/balances", tag).status_code == 200
    assert get(APIClient(), "user/balances", tag).status_code == 401


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("{tag}", 304),
        ('"other", {tag}', 304),
        ("{strong}", 304),
        ("*", 304),
        ('"other"', 200),
        ("other", 200),
        ("", 200),
    ],
)
def test_if_none_match_is_read_as_a_list_of_tags(client, header, status):
    tag = get(client, "pools")["ETag"]
    assert tag.startswith('W/"')
    sent = header.format(tag=tag, strong=tag.removeprefix("W/"))
    assert get(client, "pools", sent).status_code == status
    assert client.head("/v1/pools", headers={"If-None-Match": sent}).status_code == status


def test_writes_and_refusals_are_not_kept_and_have_no_tag(client):
    written = client.post("/v1/pools/usdc-main/supply", {"amount": "1"}, format="json")
    gone = client.delete("/v1/notifications/none")
    for answer in (written, gone, get(client, "pools/nowhere"), get(client, "auth/me")):
        assert answer["Cache-Control"] == "no-store" and "ETag" not in answer


def test_an_amount_that_only_python_reads_as_a_number_is_refused(client):
    for amount in ("1_000", "\u0663"):
        answer = client.post("/v1/pools/usdc-main/supply", {"amount": amount}, format="json")
        assert answer.status_code == 400 and "amount" in answer.json()["error"]["details"]["fields"]


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_an_unknown_address_is_told_in_the_envelope_whatever_the_method(method):
    answer = getattr(Client(enforce_csrf_checks=True), method)("/v1/nowhere")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert answer["Cache-Control"] == "no-store"


def test_a_nul_in_an_address_is_refused_and_not_kept():
    answer = Client().get("/v1/pools/%00")
    assert (answer.status_code, answer["Cache-Control"]) == (400, "no-store")


def test_an_answer_that_varies_by_nothing_does_not_say_so():
    assert "Vary" not in APIClient().get("/v1/pools")
