"""The rules of validity, by the checker's own code (specification, section 2; T1, T2).

A violation's message quotes the numbers, so that CrossHair explores a path for each number: where a
rule may be broken, they are small.
"""

from __future__ import annotations

from amin_ref import Instance, Request, Run
from amin_ref.checker import completion, memory, timing, tracing


def completed_length(start: int, length: int, output_len: int) -> bool:
    """A completed run has length o.

    pre: 0 <= start <= 1 and 0 <= length <= 3 and 1 <= output_len <= 3
    post: __return__ == (length == output_len)
    """
    run = Run("a", start, start + length, "completed")
    return not list(completion.lengths(Request("a", 1, output_len), [run]))


def evicted_length(start: int, length: int, output_len: int) -> bool:
    """An evicted run has at least one token, and less than all of them.

    pre: 0 <= start <= 1 and 0 <= length <= 3 and 1 <= output_len <= 3
    post: __return__ == (1 <= length < output_len)
    """
    run = Run("a", start, start + length, "evicted")
    return not list(completion.lengths(Request("a", 1, output_len), [run]))


def not_before_arrival(start: int, arrival: int) -> bool:
    """A run starts when its request has arrived, or later.

    pre: 0 <= start <= 4 and 0 <= arrival <= 4
    post: __return__ == (arrival <= start)
    """
    run = Run("a", start, start + 1, "completed")
    return not list(timing.in_time(Request("a", 1, 1, arrival=arrival), [run]))


def no_overlap(first: int, length: int, second: int) -> bool:
    """Of two runs of a request, the second starts when the first is over, or later.

    pre: 0 <= first <= second <= 3 and 1 <= length <= 3
    post: __return__ == (first + length <= second)
    """
    runs = [
        Run("a", first, first + length, "evicted"),
        Run("a", second, second + 1, "completed"),
    ]
    return not list(timing.in_time(Request("a", 1, 1), runs))


def completes_once(first: bool, second: bool, third: bool) -> bool:
    """Exactly one run is completed, and no run comes after it.

    post: __return__ == (not first and not second and third)
    """
    runs = [
        Run("a", 4 * i, 4 * i + 3, "completed" if completed else "evicted")
        for i, completed in enumerate((first, second, third))
    ]
    return not list(completion.completes_once(Request("a", 1, 3), runs))


def within_capacity(apart: int, capacity: int) -> bool:
    """Two requests with s = 1 and o = 2, the second ``apart`` rounds later, never exceed M.

    pre: 0 <= apart <= 3 and 3 <= capacity <= 7
    post: __return__ == (capacity >= (6, 5, 3, 3)[apart])
    """
    requests = (Request("a", 1, 2), Request("b", 1, 2))
    pieces = [tracing.Piece("a", 0, 2, 2), tracing.Piece("b", apart, apart + 2, 2)]
    return not list(memory.within_capacity(Instance(capacity, requests), pieces))
