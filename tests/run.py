"""Runs the suite: everything on SQLite first, then what touches the database again on PostgreSQL.

`python -m tests.run [pytest arguments]`. The last line is pytest's own summary.
"""

import os
import subprocess
import sys

from tests.servers import postgres

WORKERS = ["-n", "2", "--dist", "loadfile"]


def main() -> int:
    arguments = sys.argv[1:]
    pytest = [sys.executable, "-m", "pytest", "-q", *WORKERS, *arguments]
    code = subprocess.run(pytest).returncode
    if code:
        return code
    with postgres() as url:
        environment = {**os.environ, "DATABASE_URL": url}
        return subprocess.run([*pytest, "-m", "django_db", "--reuse-db"], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
