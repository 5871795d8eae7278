"""Does a round compute more tokens, or run more requests, than the machine allows?"""

from __future__ import annotations

from collections.abc import Iterator

from amin_ref.checker.tracing import Traced
from amin_ref.checker.violation import Violation, tokens
from amin_ref.model.validation import RequestId


def within_tokens_per_round(every: list[Traced], limit: int) -> Iterator[Violation]:
    """No round computes more tokens than the machine allows."""
    changes: dict[int, int] = {}

    def add(first: int, stop: int, amount: int) -> None:
        changes[first] = changes.get(first, 0) + amount
        changes[stop] = changes.get(stop, 0) - amount

    for each in every:
        run = each.run
        if run.computed is None and run.stop > run.start:
            add(run.start, run.start + 1, each.prefix)
            add(run.start + 1, run.stop, 1)
        for now, computed in enumerate(run.computed or (), start=run.start):
            add(now, now + 1, computed)
    for now, computed, requests in _rounds_over(every, changes, limit):
        yield Violation(
            "within-tokens-per-round",
            now,
            requests,
            f"round {now}: the running requests compute {tokens(computed)} and the machine "
            f"computes at most {limit} in a round.",
        )


def within_max_running(every: list[Traced], limit: int) -> Iterator[Violation]:
    """No more requests run in a round than the machine allows."""
    changes: dict[int, int] = {}
    for each in every:
        changes[each.run.start] = changes.get(each.run.start, 0) + 1
        changes[each.run.stop] = changes.get(each.run.stop, 0) - 1
    for now, running, requests in _rounds_over(every, changes, limit):
        yield Violation(
            "within-max-running",
            now,
            requests,
            f"round {now}: {running} requests run and the machine runs at most {limit}.",
        )


def _rounds_over(
    every: list[Traced], changes: dict[int, int], limit: int
) -> Iterator[tuple[int, int, tuple[RequestId, ...]]]:
    """The first of each consecutive rounds above a limit: round, amount, the requests that run.

    Args:
        every: all runs.
        changes: by how much the amount changes at the start of a round; the rounds in which a run
            starts or stops are among them.
        limit: the largest amount that is allowed.
    """
    starting: dict[int, list[int]] = {}
    stopping: dict[int, list[int]] = {}
    for index, each in enumerate(every):
        if each.run.stop > each.run.start:
            starting.setdefault(each.run.start, []).append(index)
            stopping.setdefault(each.run.stop, []).append(index)
    running: dict[int, RequestId] = {}
    amount, was_over = 0, False
    for now in sorted(changes):
        for index in stopping.get(now, ()):
            del running[index]
        running |= {index: every[index].run.request for index in starting.get(now, ())}
        amount += changes[now]
        if amount > limit and not was_over:
            yield now, amount, tuple(running.values())
        was_over = amount > limit
