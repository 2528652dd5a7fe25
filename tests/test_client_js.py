"""The browser client's own tests, run by Node."""

import os
import re
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "js"


def test_every_module_of_the_client_under_node() -> None:
    files = sorted(str(path) for path in FOLDER.glob("*.test.mjs"))
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", *files],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "en_US.UTF-8"},  # the locale that numbers are written in
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed and int(passed[1]) >= 130, "the tests did not run"
