"""A setting: what all requests of a small instance of identical prompts have in common.

Theorems T12 and T13 are about the setting of the source (Chen, Ye, Zhou, arXiv 2508.14544): all
requests arrive in round 0 with the same prompt length s and the same predicted interval [ℓ, u], and
a cache block holds one token. Such an instance is a multiset of output lengths. A tie-break adds
the order in which these lengths are ranked. The machine may be another than the source's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.machine import PAPERS_MACHINE, Machine, refuse_limits
from amin_ref.model.request import Request
from amin_ref.model.validation import whole_number

Outputs = tuple[int, ...]
"""Output lengths in tokens; in ascending order unless stated otherwise."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all requests of an instance have in common, and the cache; all in tokens.

    Attributes:
        prompt_len: s, at least 1.
        lower: ℓ, at least 1.
        upper: u, at least ℓ.
        capacity: M, at least s + u, so that every output length in [ℓ, u] is feasible; at least
            s + u - 1 where the last token is not stored.
        machine: what an eviction loses, and whether the last token is stored; without limits,
            because OPT is not known on machines that have them.

    Raises:
        InvalidValue: a field breaks one of these rules.
    """

    prompt_len: int
    lower: int
    upper: int
    capacity: int
    machine: Machine = field(default=PAPERS_MACHINE, kw_only=True)

    def __post_init__(self) -> None:
        whole_number("prompt_len", self.prompt_len, 1, "tokens")
        whole_number("lower", self.lower, 1, "tokens")
        whole_number("upper", self.upper, 1, "tokens")
        whole_number("capacity", self.capacity, 1, "tokens")
        if self.upper < self.lower:
            raise InvalidValue(
                "upper",
                self.upper,
                f"it must not be less than lower, which is {self.lower}",
                f"give {self.lower} or more",
            )
        longest = self.machine.held(self.prompt_len + self.upper)
        if self.capacity < longest:
            raise InvalidValue(
                "capacity",
                self.capacity,
                f"the longest request holds {longest} tokens",
                f"give {longest} or more",
            )
        refuse_limits(self.machine, "the optimum is not known on machines with limits")

    @property
    def alpha(self) -> Fraction:
        """α = ℓ / u."""
        return Fraction(self.lower, self.upper)

    def instance(self, outputs: Sequence[int]) -> Instance:
        """The instance whose request i, counted from 0, has the i-th output length."""
        return Instance(
            capacity=self.capacity,
            machine=self.machine,
            requests=tuple(
                Request(i, self.prompt_len, output_len, self.lower, self.upper)
                for i, output_len in enumerate(outputs)
            ),
        )
