"""The TypeScript client of the Dualis page, unchanged but for its URL and token, under Node."""

import subprocess
from pathlib import Path

import pytest

from tests.process import ROOT, Site

pytestmark = pytest.mark.process

EXAMPLE = Path(__file__).with_name("page_example.ts")
ESBUILD = ROOT / "node_modules" / ".bin" / "esbuild"


def node_example(site, token, folder):
    """Return the running example, its types removed by esbuild."""
    text = EXAMPLE.read_text()
    for constant, value in (
        ("ws://localhost:4000/v1/ws", site.ws_url),
        ("your-jwt-token", token),
    ):
        assert text.count(constant) == 1
        text = text.replace(constant, value)
    source = folder / "example.ts"
    source.write_text(text)
    script = folder / "example.js"
    subprocess.run([ESBUILD, source, f"--outfile={script}", "--log-level=error"], check=True)
    return subprocess.Popen(
        ["node", "--experimental-websocket", "--no-warnings", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_pages_example_prints_prices_and_reconnects(tmp_path):
    site = Site(tmp_path)
    server = site.start()
    example = node_example(site, site.login(), tmp_path)
    try:
        assert example.stdout is not None

        def prints_prices(count):
            seen = 0
            for line in example.stdout:
                assert "WS error" not in line, line
                seen += line.startswith("[prices]")
                if seen == count:
                    return
            raise AssertionError("the example ended")

        prints_prices(6)  # two of the snapshot, and two ticks
        server.terminate()
        assert any("Connection closed: 1012" in line for line in example.stdout)
        server.wait(timeout=10)
        site.start("manage.py", "serve", "--engine")
        prints_prices(6)
    finally:
        example.kill()
        example.wait()
        example.stdout.close()
        site.end()
