"""How often Python looks for garbage in cycles."""

import gc


def collect_seldom() -> None:
    """Look less often: what folds and commands leave behind holds no cycles, and is freed at once anyway.

    With the usual thresholds a fifth of the time of a fold went into looking at rows that are remembered.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
