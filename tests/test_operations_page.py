"""The admin's live operations in a real browser: as staff, and as those without the right."""

import csv
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from playwright.sync_api import expect

from dualis.accounts.demo import STAFF_PASSWORD
from dualis.accounts.models import Role, User
from tests import people
from tests.visits import PHONE, WAIT, Server, Visit

pytestmark = pytest.mark.browser
PAGE, FIGURES = "/admin/operations/", "/admin/operations/figures"
ADMIN, CLERK = "admin@dualis.finance", "clerk@dualis.finance"


def make_clerk() -> None:
    """A member of staff who may see proposals and nothing else, beside the running server."""
    clerk = User.objects.create_user(CLERK, people.PASSWORD, role=Role.ADMIN)
    clerk.user_permissions.set(Permission.objects.filter(codename="view_proposal"))


def test_staff_sort_narrow_and_export_while_the_figures_move(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(STAFF_PASSWORD, to=PAGE, email=ADMIN)
    expect(page.locator("[data-ops-state]")).to_have_attribute("data-state", "live", timeout=WAIT)
    box = page.locator("[data-ops-steps]")
    tick = box.locator('tr[data-key="oracle.tick"]')
    expect(tick).to_be_visible(timeout=WAIT)
    tick.evaluate("(row) => row.setAttribute('data-kept', '')")
    took = tick.locator(".table__took")
    expect(took).not_to_have_text(took.inner_text(), timeout=WAIT)
    expect(tick).to_have_attribute("data-kept", "")  # written in place

    header = box.get_by_role("columnheader", name="Every")
    header.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    shown = box.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => row.dataset.key)")
    box.get_by_role("searchbox").fill("oracle")
    expect(box.locator("tbody tr:visible")).to_have_count(
        sum("oracle" in name for name in shown), timeout=WAIT
    )
    with page.expect_download() as download:
        box.get_by_role("button", name="Export CSV").click()
    with Path(download.value.path()).open(newline="") as file:
        head, *lines = csv.reader(file)
    assert head[:3] == ["Step", "Every", "Last run"]
    assert [line[0] for line in lines] == [name for name in shown if "oracle" in name]
    assert [float(line[1]) for line in lines] == sorted(float(line[1]) for line in lines)

    for name in ("workers", "deliveries"):
        expect(page.locator(f"[data-ops-{name}] tr[data-key]").first).to_be_visible(timeout=WAIT)
    assert visit.complaints() == []
    page.set_viewport_size(PHONE)
    assert visit.fits()


def test_who_lacks_the_right_sees_no_figures(server: Server, visit: Visit, second: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/governance")
    expect(page).to_have_url(re.compile("/governance$"), timeout=WAIT)
    page.goto(PAGE)
    expect(page).to_have_url(re.compile("login"))
    assert page.request.get(FIGURES).status == 403

    server.call("tests.test_operations_page:make_clerk")
    second.sign_in(people.PASSWORD, to="/admin/", email=CLERK)
    clerk = second.page
    expect(clerk.get_by_role("link", name="Proposals").first).to_be_visible(timeout=WAIT)
    expect(clerk.get_by_text("Live operations")).to_have_count(0)
    answer = clerk.goto(PAGE)
    assert answer is not None and answer.status == 403
    assert clerk.request.get(FIGURES).status == 403
