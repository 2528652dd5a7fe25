"""A running server and others' programs: the page's Quick Start, the Hyperliquid SDK."""

import queue
import subprocess
import threading

import httpx
import pytest
from hyperliquid.websocket_manager import WebsocketManager

from dualis.trading import demo
from tests.process import Site, until

pytestmark = pytest.mark.process

# notional, Quick Start, but for the address of the server and of the user
QUICK_START = """
const ws = new WebSocket('ADDRESS');

ws.onopen = () => {
  // Subscribe to user fills
  ws.send(JSON.stringify({
    method: 'subscribe',
    subscription: {
      type: 'userFills',
      user: 'USER'
    }
  }));
};

ws.onmessage = (event) => {
  const message = JSON.parse(event.data);

  if (message.channel === 'userFills') {
    console.log('New fills:', message.data.fills);
  }
};
"""
USER = demo.address_of("demo@dualis.finance")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("trading"))
    try:
        site.start()
        yield site
    finally:
        site.end()


def traded_until(site, side, told):
    """Trade as a program would until something is told of it; return what is told."""
    for _ in range(20):
        site.manage("trade", side, "0.01", "ETH", "--url", site.url)
        try:
            return told.get(timeout=1)
        except queue.Empty:  # the listener is not subscribed yet
            continue
    raise AssertionError("nothing was told of twenty trades")


def test_the_pages_quick_start_runs_unchanged_under_node(site):
    script = QUICK_START.replace("ADDRESS", f"ws://127.0.0.1:{site.port}").replace("USER", USER)
    command = ["node", "--experimental-websocket", "--no-warnings", "-e", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
        lines = queue.Queue()
        reader = threading.Thread(target=lambda: [lines.put(line) for line in node.stdout])
        reader.start()
        try:
            assert "New fills" in traded_until(site, "buy", lines)
        finally:
            node.kill()
            reader.join()


def test_the_hyperliquid_sdk_sees_fills_and_orders(site):
    manager = WebsocketManager(site.url)
    manager.start()
    fills, orders = queue.Queue(), queue.Queue()
    try:
        manager.subscribe({"type": "userFills", "user": USER}, fills.put)
        manager.subscribe({"type": "orderUpdates", "user": USER}, orders.put)
        told = traded_until(site, "sell", fills)
        assert told["channel"] == "userFills" and told["data"]["fills"][0]["coin"] == "ETH"
        assert orders.get(timeout=5)["data"]["orders"][0]["status"] == "filled"
    finally:
        manager.stop()


def test_health_tells_that_fills_flow(site):
    until(lambda: httpx.get(f"{site.url}/health").status_code == 200)  # the first poll is done
    told = httpx.get(f"{site.url}/health").json()
    assert told["fillsPoller"]["status"] == "running"


def test_the_same_origin_serves_the_dashboard_and_the_protocol(site):
    assert "text/html" in httpx.get(site.url).headers["content-type"]
