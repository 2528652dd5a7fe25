"""Pages hold still while they load, and the focus comes back to what opened a dialog."""

import pytest
from playwright.sync_api import expect

from tests.visits import PHONE, WAIT, Visit

pytestmark = pytest.mark.browser

# What moves while it is seen, times how far, as browsers score it: 0.1 is good, 0.25 poor.
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
PAGES = {
    "/": "[data-wallet] tr[data-key]",
    "/markets/ETH": "[data-history] canvas",
    "/oracle": "[data-feeds] tr[data-key]",
    "/settings": "[data-sessions] tr[data-key]",
    "/docs/": "[data-docs][data-ready]",
    "/trading": "[data-positions], [data-pane=positions] .table__note",
}


@pytest.mark.parametrize("is_phone", [False, True], ids=["desktop", "phone"])
def test_nothing_jumps_while_a_page_loads(visit: Visit, is_phone: bool) -> None:
    page = visit.page
    visit.sign_in()
    visit.until_live()
    if is_phone:
        page.set_viewport_size(PHONE)
    page.add_init_script(SHIFTS)
    shifted = {}
    for path, filled in PAGES.items():
        page.goto(path)
        expect(page.locator(filled).first).to_be_visible(timeout=WAIT)
        visit.until_live()
        shifted[path] = page.evaluate("window.shifted")
    assert {path: value for path, value in shifted.items() if value > 0.25} == {}


def test_the_focus_comes_back_to_the_button_of_a_new_proposal(visit: Visit) -> None:
    page = visit.page
    visit.sign_in(to="/governance")
    button = page.get_by_role("button", name="New proposal")
    button.click()
    expect(page.get_by_role("dialog")).to_be_visible(timeout=WAIT)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
