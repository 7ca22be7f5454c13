"""Cancellations that a library swallows."""

import asyncio


def heed_cancellation() -> None:
    """Let a cancellation take place that the wait before this swallowed.

    Before Python 3.12 `asyncio.wait_for` does so where what it waits for comes in the same moment.

    Raises:
        CancelledError: the task was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
