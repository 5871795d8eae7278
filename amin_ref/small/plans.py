"""Future cache occupancy, packed into one Python integer.

A *plan* is the number of tokens that the cache is to hold in each coming round. It is one integer
with a field of ``width`` bits for each round, the present round lowest. To add a request to a plan
is one addition; to move on by one round is one right shift. A *biased* plan is a plan plus
2^(width - 1) - 1 - M in every field: the highest bit of a field is then set exactly where the plan
exceeds the capacity M, so that one bitwise "and" tests all rounds at once.
"""

from __future__ import annotations

from amin_ref.small.setting import Setting

MOST_HELD_PER_CAPACITY = 3
"""A field never holds more than 3M tokens: M for what the running requests held in the round
before, M for their next tokens (each of them held at least 1 token), M for a request that is tried
for admission."""


class PackedPlans:
    """The constants by which plans for ``setting``'s cache are read and changed.

    Attributes:
        width: bits in a field.
        bias: what turns a plan into a biased plan.
        over: the highest bit of every field.
        over_now: the highest bit of the present round's field.
        held: ``held[a][r]`` is the plan of a request that has generated a tokens and is to
            generate r more.
    """

    def __init__(self, setting: Setting) -> None:
        rounds = range(setting.upper)
        # The bias adds up to M to a field; the highest bit is a flag.
        largest = (MOST_HELD_PER_CAPACITY + 1) * setting.capacity
        self.width = largest.bit_length() + 1
        self.over_now = 1 << (self.width - 1)
        self.over = sum(self.over_now << (self.width * k) for k in rounds)
        self.bias = sum((self.over_now - 1 - setting.capacity) << (self.width * k) for k in rounds)
        held = setting.machine.held
        self.held = [
            [
                sum(held(setting.prompt_len + a + k + 1) << (self.width * k) for k in range(more))
                for more in range(setting.upper + 1)
            ]
            for a in range(setting.upper + 1)
        ]
