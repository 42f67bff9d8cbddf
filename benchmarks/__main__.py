"""`python -m benchmarks [NAME]`: all measurements, or one."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks

NAMES = sorted(
    one.name for one in pkgutil.iter_modules(benchmarks.__path__) if not one.name.startswith("_") and not one.ispkg
)


def main() -> None:
    wanted = sys.argv[1:] or NAMES
    for name in wanted:
        if name not in NAMES:
            sys.exit(f"There is no benchmark {name!r}; there are: {', '.join(NAMES)}.")
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
