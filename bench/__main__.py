"""`python -m bench [NAME …]`: run the named benchmarks, or all of them."""

import sys
from importlib import import_module

# In the order of docs/performance.md.
NAMES: tuple[str, ...] = (
    "append",
    "http",
    "projector",
    "rebuild",
    "queries",
    "importing",
    "latency",
    "stream",
    "feed",
    "subscribers",
    "webhooks",
    "sla",
    "compliance",
    "simulation",
    "watchdog",
)


def main(names: list[str]) -> None:
    """Run benchmarks one after another."""
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    for name in names or NAMES:
        import_module(f"bench.{name}").main()


main(sys.argv[1:])
