"""Bodies that no text can hold are refused in the envelope, wherever they are sent."""

import pytest
from rest_framework.test import APIClient

from tests import world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/governance/proposals", '{"type":"\\ud800"}'),
        ("/v1/notifications/preferences/test", '{"channel":"\\ud800"}'),
        ("/v1/borrow/request", '{"\\ud800":1}'),
        ("/exchange", '{"action":{"type":"\\ud800"}}'),
    ],
)
def test_half_of_a_surrogate_pair_is_a_bad_request(path, body):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(world.user('ada'))}")
    answer = client.post(path, body, content_type="application/json")
    assert answer.status_code == 400 and answer.json()["error"]


@pytest.mark.parametrize("path", ["/v1/governance/proposals", "/info", "/exchange"])
@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("application/json", b'{"type":"a\\u0000"}'),
        ("application/json", b'{"a":[{"b\\u0000":1}]}'),
        ("application/json; charset=utf-7", b'{"type":"+AFw-u0000"}'),
    ],
)
def test_a_nul_is_a_bad_request_in_whatever_charset(path, type, body):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(world.user('ada'))}")
    assert client.post(path, body, content_type=type).status_code == 400


def test_a_whole_pair_is_text():
    answer = APIClient().post("/info", '{"type":"\\ud83d\\ude00"}', content_type="application/json")
    assert answer.status_code == 400 and "😀" in answer.json()["error"]
