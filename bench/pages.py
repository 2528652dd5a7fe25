"""The dashboard in a real browser: first paint, blocking, script, frames in a storm, memory.

Paint, blocking and script are of the production setting; the storm is a stream of the bench's own
behind the page's socket, so that only the page is measured. Memory stands in page_heap.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext

from bench import page_heap
from bench.table import Row
from tests.browser import chromium
from tests.process import DEMO, ROOT, Site
from tests.servers import free_port, wait_for_port

STORM_SECONDS = int(os.environ.get("PAGE_SECONDS", "20"))
PER_SECOND = 500  # price changes
ROUNDS = 4

# Stands in for the page's socket: answers, then sends prices as fast as it is told to.
_SOURCE = """
window.WebSocket = class {
  readyState = 1;
  constructor() { window.source = this; setTimeout(() => this.onopen()); }
  send(text) {
    const message = JSON.parse(text);
    if (message.type === "auth") this.say({ type: "auth", status: "ok", userId: "usr_1" });
    if (message.type !== "subscribe") return;
    const { channel } = message;
    const rows = channel === "prices" ? ASSETS.map((a) => price(a, 100))
      : channel === "pools" ? ASSETS.map(pool) : [];
    this.say({ type: "subscribed", channel, seq: 1, epoch: "e", snapshot: rows.length });
    for (const row of rows) this.row(channel, { ...row, snapshot: true });
  }
  say(frame) { setTimeout(() => this.onmessage({ data: JSON.stringify(frame) })); }
  row(channel, data) {
    const timestamp = new Date().toISOString();
    this.say({ type: "data", channel, seq: 1, epoch: "e", timestamp, data });
  }
  close() {}
};
const ASSETS = Array.from({ length: 12 }, (_, i) => `A${i}`);
const price = (asset, value) => ({ asset, price: value.toFixed(2), change24h: 0.01,
  source: "oracle_aggregated", simulated: true, stale: false, circuitBreaker: false });
const pool = (asset) => ({ poolId: `${asset}-pool`, asset, totalSupply: "100", totalBorrow: "50",
  available: "50", tvlUSD: "100.00", utilization: 0.5, supplyAPY: 0.01, borrowAPY: 0.03,
  isActive: true, reason: "accrual" });
window.storm = (perSecond, total) => new Promise((resolve) => {
  let sent = 0, frames = 0;
  const start = performance.now();
  const timer = setInterval(() => {
    const due = Math.min(total, ((performance.now() - start) / 1000) * perSecond);
    for (; sent < due; sent += 1) {
      source.row("prices", price(ASSETS[sent % 12], 100 + Math.random()));
    }
    if (sent < total) return;
    clearInterval(timer);
    resolve(frames / ((performance.now() - start) / 1000));
  }, 4);
  const draw = () => { frames += 1; if (sent < total) requestAnimationFrame(draw); };
  requestAnimationFrame(draw);
});
"""
_BLOCKED = """
window.blocked = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) window.blocked += duration - 50;
}).observe({ type: "longtask", buffered: true });
"""
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
_SCRIPT = """performance.getEntriesByType('resource')
  .filter(({ name }) => new URL(name).pathname.endsWith('.js'))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        site = Site(Path(folder), LOG_LEVEL="WARNING")
        site.seed()
        with _production(site) as url:
            context = browser.new_context(base_url=url, locale="en-US")
            _sign_in(context)
            rows = [row for path in ("/", "/markets") for row in _load(context, path)]
            return [*rows, _storm(context), *page_heap.rows(context)]


@contextmanager
def _production(site: Site) -> Iterator[str]:
    """Serve the site as in production, engine included, over plain HTTP on this machine."""
    port = free_port()
    own = {
        "DJANGO_ENV": "production",
        "SECRET_KEY": "bench-" * 10,
        "JWT_SIGNING_KEY": "bench-key-" * 5,
        "ALLOWED_HOSTS": "localhost",
        "ALLOWED_ORIGINS": f"http://localhost:{port}",
        "SECURE_SSL_REDIRECT": "0",
        "PORT": str(port),
    }
    environment = site.environment | own
    command = [sys.executable, "manage.py"]
    subprocess.run(
        [*command, "collectstatic", "-v0", "--noinput"], cwd=ROOT, env=environment, check=True
    )
    process = subprocess.Popen([*command, "serve", "--engine"], cwd=ROOT, env=environment)
    try:
        wait_for_port(port, 60)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _sign_in(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("E-mail").fill(DEMO[0])
    page.get_by_label("Password").fill(DEMO[1])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    page.close()


def _load(context: BrowserContext, path: str) -> list[Row]:
    """Load a page with an empty cache, the best of a few rounds: the machine has other work too."""
    found: list[tuple[float, float, float]] = []
    for _ in range(ROUNDS):
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.add_init_script(_BLOCKED)
        page.goto(path)
        page.locator("[data-connection][data-state=live]").wait_for()
        page.wait_for_load_state("networkidle")
        found.append(
            (page.evaluate(_PAINT), page.evaluate("window.blocked"), page.evaluate(_SCRIPT))
        )
        page.close()
    paint, blocked, script = (min(values) for values in zip(*found, strict=True))
    how = f"production, best of {ROUNDS}, cold cache"
    return [
        Row(f"{path}: first contentful paint", f"{paint:.0f} ms", "< 1000 ms", how),
        Row(f"{path}: total blocking", f"{blocked:.0f} ms", "< 50 ms", how),
        Row(f"{path}: script, compressed", f"{script / 1024:.0f} KB", "< 150 KB", how),
    ]


def _storm(context: BrowserContext) -> Row:
    page = context.new_page()
    page.add_init_script(_SOURCE)
    page.goto("/markets")
    page.locator('[data-price="A0"]').wait_for()
    frames = page.evaluate("(args) => storm(...args)", [PER_SECOND, PER_SECOND * STORM_SECONDS])
    page.close()
    return Row(
        "/markets: frames a second in a storm",
        f"{frames:.0f}",
        "> 30",
        f"{PER_SECOND} price changes a second for {STORM_SECONDS} s",
    )
