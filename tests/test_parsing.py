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


def test_a_whole_pair_is_text():
    answer = APIClient().post("/info", '{"type":"\\ud83d\\ude00"}', content_type="application/json")
    assert answer.status_code == 400 and "😀" in answer.json()["error"]
