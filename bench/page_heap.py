"""What a page weighs after an hour of stream at ten times its speed, beside its first minute."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, CDPSession, Page

from bench.table import Row

SPEED = int(os.environ.get("PAGE_SPEED", "10"))
MINUTES = int(os.environ.get("PAGE_MINUTES", "60"))  # simulated
PATHS = ("/", "/markets", "/trading")
READINGS = 3  # of which the least counts: what is on its way is no growth
SOURCE = Path(__file__).with_name("stress.js")


@dataclass(frozen=True, slots=True)
class Weight:
    heap: float  # bytes, after the garbage is gone
    nodes: int
    listeners: int


def rows(context: BrowserContext) -> list[Row]:
    """Let the pages run beside each other for an hour of theirs, each in a process of its own."""
    assert context.browser is not None, "it was launched"
    state = context.storage_state()
    contexts = [
        context.browser.new_context(base_url=_address(context), locale="en-US", storage_state=state)
        for _ in PATHS
    ]
    try:
        pages = [_open(one, path) for one, path in zip(contexts, PATHS, strict=True)]
        started = time.monotonic()
        first = [_weigh(page, started + 60 / SPEED) for page in pages]
        for minute in range(10, MINUTES, 10):
            for path, page in zip(PATHS, pages, strict=True):
                weight = _weigh(page, started + 60 * minute / SPEED)
                print(f"{path} after {minute} min: {weight}", flush=True)
        last = [_weigh(page, started + 60 * MINUTES / SPEED) for page in pages]
        return [
            _row(path, before, after, page.evaluate("told"))
            for path, page, before, after in zip(PATHS, pages, first, last, strict=True)
        ]
    finally:
        for one in contexts:
            one.close()


def _address(context: BrowserContext) -> str:
    """Return where the site is: a context does not tell its base."""
    page = context.new_page()
    page.goto("/livez")
    url = page.url
    page.close()
    return url.removesuffix("/livez")


def _open(context: BrowserContext, path: str) -> Page:
    page = context.new_page()
    page.add_init_script(f"{{ const SPEED = {SPEED};\n{SOURCE.read_text()} }}")
    page.goto(path)
    page.locator("[data-connection][data-state=live]").wait_for()
    page.wait_for_load_state("load")
    return page


def _weigh(page: Page, at: float) -> Weight:
    """Read heap, nodes and listeners at a moment, after forced collections of the garbage."""
    page.wait_for_timeout(max(0.0, at - time.monotonic()) * 1000)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    found = [_read(session) for _ in range(READINGS)]
    session.detach()
    return min(found, key=lambda one: one.heap)


def _read(session: CDPSession) -> Weight:
    for _ in range(2):  # the first lets go of what the second then finds
        session.send("HeapProfiler.collectGarbage")
    metrics = {
        one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]
    }
    usage = session.send("Runtime.getHeapUsage")
    return Weight(usage["usedSize"], int(metrics["Nodes"]), int(metrics["JSEventListeners"]))


def _row(path: str, first: Weight, last: Weight, told: int) -> Row:
    grown = 100 * (last.heap / first.heap - 1)
    how = (
        f"{first.heap / 1e6:.2f} to {last.heap / 1e6:.2f} MB, nodes {first.nodes} to {last.nodes}, "
        f"listeners {first.listeners} to {last.listeners}; {told} frames, {SPEED}x"
    )
    return Row(f"{path}: heap after {MINUTES} min of stream", f"{grown:+.1f} %", "< +10 %", how)
