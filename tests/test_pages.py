from http import HTTPStatus

import pytest
from django.template.loader import render_to_string
from django.test import Client

from dualis.oracle.models import Asset, FeedKind, InstrumentType
from realtime.pages import PAGES, Page
from tests import lending_market
from tests.people import make_staff, make_user

pytestmark = pytest.mark.django_db


def signed_in(client: Client, user: object) -> Client:
    client.force_login(user)  # type: ignore[arg-type]
    return client


def test_a_visitor_at_the_front_door_sees_the_markets(client: Client) -> None:
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (HTTPStatus.FOUND, "/markets")


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.is_private and p.path], ids=lambda p: p.name
)
def test_a_private_page_asks_to_sign_in_and_comes_back(client: Client, page: Page) -> None:
    response = client.get(f"/{page.path}")
    assert response["Location"] == f"/login?next=/{page.path}"


@pytest.mark.parametrize("page", [p for p in PAGES if "<" not in p.path], ids=lambda p: p.name)
def test_a_page_has_its_title_and_no_inline_code_or_style(client: Client, page: Page) -> None:
    response = signed_in(client, make_user()).get(f"/{page.path}")
    text = response.content.decode()
    assert f"<title>{page.title} – Dualis</title>" in text
    assert "no-store" in response["Cache-Control"]
    assert " style=" not in text and "<style" not in text
    assert text.count("<script ") == text.count("<script src=") + text.count(
        '<script type="module" src='
    ) + text.count('type="application/json"')


@pytest.mark.parametrize("page", [p for p in PAGES if p.shown], ids=lambda p: p.name)
def test_the_navigation_marks_the_page_one_is_on(client: Client, page: Page) -> None:
    text = signed_in(client, make_user()).get(f"/{page.path}").content.decode()
    assert f'<a href="/{page.path}" aria-current="page">{page.title}</a>' in text


def test_a_visitor_is_shown_what_he_may_read_and_where_to_sign_in(client: Client) -> None:
    text = client.get("/markets").content.decode()
    assert 'href="/markets"' in text and 'href="/login?next=/markets"' in text
    assert 'href="/borrow"' not in text and "data-user" not in text


def test_a_page_of_a_market_names_its_pool(client: Client) -> None:
    lending_market.opened()
    text = client.get("/markets/ETH").content.decode()
    assert '{"poolId": "eth-main", "asset": "ETH"}' in text
    assert "<title>ETH market – Dualis</title>" in text


def test_a_statement_offers_the_kinds_it_has(client: Client) -> None:
    user = lending_market.rich("ada")
    text = signed_in(client, user).get("/activity").content.decode()
    assert text.count('<option value="deposit">') == 1


def test_a_market_that_is_not_there_is_not_found(client: Client) -> None:
    assert client.get("/markets/NOPE").status_code == HTTPStatus.NOT_FOUND


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
