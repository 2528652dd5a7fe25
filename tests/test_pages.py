from http import HTTPStatus

import pytest
from django.template.loader import render_to_string
from django.test import Client

from dualis.oracle.models import Asset, FeedKind, InstrumentType
from tests.people import make_staff, make_user

pytestmark = pytest.mark.django_db


def signed_in(client: Client, user: object) -> Client:
    client.force_login(user)  # type: ignore[arg-type]
    return client


def test_overview_asks_to_sign_in_and_comes_back(client: Client) -> None:
    response = client.get("/")
    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"] == "/login?next=/"


def test_overview_names_the_assets_and_is_not_kept(client: Client) -> None:
    Asset.objects.create(
        symbol="ETH",
        name="Ether</script>",
        instrument_type=InstrumentType.CRYPTO,
        decimals=18,
        feed_kind=FeedKind.MARKET,
    )
    response = signed_in(client, make_user()).get("/")
    page = response.content.decode()
    assert '{"ETH": "Ether\\u003C/script\\u003E"}' in page
    assert "no-store" in response["Cache-Control"]


def test_overview_holds_no_inline_code_or_style(client: Client) -> None:
    page = signed_in(client, make_user()).get("/").content.decode()
    assert " style=" not in page and "<style" not in page
    assert page.count("<script ") == page.count("<script src=") + page.count(
        '<script type="module" src='
    ) + page.count('type="application/json"')


def test_overview_takes_no_post(client: Client) -> None:
    assert signed_in(client, make_user()).post("/").status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("is_staff", [True, False])
def test_the_admin_is_linked_for_staff_alone(client: Client, is_staff: bool) -> None:
    user = make_staff() if is_staff else make_user()
    page = signed_in(client, user).get("/").content.decode()
    assert ('href="/admin/"' in page) is is_staff


def test_sign_in_page_has_labelled_fields_and_keeps_where_to_go(client: Client) -> None:
    page = client.get("/login?next=/").content.decode()
    assert 'name="next" value="/"' in page
    assert '<label for="id_email">' in page and '<label for="id_password">' in page


def test_an_unknown_address_gets_a_page_of_ours(client: Client) -> None:
    response = client.get("/nowhere")
    assert response.status_code == HTTPStatus.NOT_FOUND
    assert "There is no such page" in response.content.decode()


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_need_no_context(name: str) -> None:
    assert name[:3] in render_to_string(f"{name}.html")
