"""`make bench` or `make bench BENCH=name`: runs the benchmarks and prints one table."""

import platform
import sys

from bench import (
    connect,
    disk,
    exchange,
    fanout,
    fills,
    governance,
    market,
    notices,
    operations,
    pages,
    screen,
    wire,
)

BENCHES = {
    "connect": connect.run,
    "disk": disk.run,
    "exchange": exchange.run,
    "fanout": fanout.run,
    "fills": fills.run,
    "governance": governance.run,
    "market": market.run,
    "notices": notices.run,
    "operations": operations.run,
    "pages": pages.run,
    "screen": screen.run,
    "wire": wire.run,
}
SHORT = {"wire-quick": wire.run_quickly}  # the same with too little time to mean anything


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else "all"
    if name not in ("all", *BENCHES, *SHORT):
        print(f"There is no benchmark {name}; there are all, {', '.join([*BENCHES, *SHORT])}")
        return 2
    if name in SHORT:
        rows = SHORT[name]()
    else:
        rows = [row for key, run in BENCHES.items() if name in ("all", key) for row in run()]
    width = max(len(row.figure) for row in rows)
    print(f"\nPython {platform.python_version()} on {platform.machine()}\n")
    print(f"{'figure':<{width}}  {'measured':>14}  {'goal':>14}  how")
    for row in rows:
        print(f"{row.figure:<{width}}  {row.measured:>14}  {row.goal:>14}  {row.how}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
