"""A setting: what all requests of a small instance of identical prompts have in common.

Theorems T12 and T13 are about the setting of the source (Chen, Ye, Zhou, arXiv 2508.14544): all
requests arrive in round 0 with the same prompt length s and the same predicted interval [ℓ, u], and
a cache block holds one token. Such an instance is a multiset of output lengths. A tie-break adds
the order in which these lengths are ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
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
        capacity: M, at least s + u, so that every output length in [ℓ, u] is feasible.

    Raises:
        InvalidValue: a field breaks one of these rules.
    """

    prompt_len: int
    lower: int
    upper: int
    capacity: int

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
        if self.capacity < self.prompt_len + self.upper:
            raise InvalidValue(
                "capacity",
                self.capacity,
                f"the longest request holds {self.prompt_len + self.upper} tokens",
                f"give {self.prompt_len + self.upper} or more",
            )

    @property
    def alpha(self) -> Fraction:
        """α = ℓ / u."""
        return Fraction(self.lower, self.upper)

    def instance(self, outputs: Sequence[int]) -> Instance:
        """The instance whose request i, counted from 0, has the i-th output length."""
        return Instance(
            capacity=self.capacity,
            requests=tuple(
                Request(i, self.prompt_len, output_len, self.lower, self.upper)
                for i, output_len in enumerate(outputs)
            ),
        )
