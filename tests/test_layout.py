"""The focus comes back to what opened a dialog."""

import pytest
from playwright.sync_api import expect

from tests.visits import WAIT, Visit

pytestmark = pytest.mark.browser


def test_the_focus_comes_back_to_the_button_of_a_new_proposal(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/governance")
    button = page.get_by_role("button", name="New proposal")
    button.click()
    expect(page.get_by_role("dialog")).to_be_visible(timeout=WAIT)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
