"""What a policy assumes of a request's length; and what it would assume with a wrong idea of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amin_ref.conformance.verdict import PolicyName, ReadingRule
from amin_ref.model.instance import Instance
from amin_ref.model.request import Request

Length = Callable[[Instance, Request], int]


def lower(_: Instance, request: Request) -> int:
    """The predicted lower bound ℓ; tokens."""
    return request.lower


def output(_: Instance, request: Request) -> int:
    """The true length o; tokens."""
    return request.output_len


def reserved(instance: Instance, request: Request) -> int:
    """What Amax reserves: u, but no more than fits in whole blocks (specification, section 4)."""
    whole_blocks = instance.capacity - instance.capacity % instance.block_size
    most = whole_blocks - request.prompt_len
    return most if request.upper is None else min(request.upper, most)


def upper_if_known(_: Instance, request: Request) -> int:
    """The predicted upper bound u, and ℓ where it is unknown; tokens."""
    return request.lower if request.upper is None else request.upper


def at_least_generated(bound: int, generated: int) -> int:
    """Step 2 of Amin: whoever has generated a tokens has an output of at least a."""
    return max(bound, generated)


def one_more_than_generated(bound: int, generated: int) -> int:
    """Refines to a + 1 (decision D3)."""
    return max(bound, generated + 1)


def one_less_than_generated(bound: int, generated: int) -> int:
    """Refines to a - 1."""
    return max(bound, generated - 1)


def unrefined(bound: int, generated: int) -> int:
    """Learns nothing."""
    del generated
    return bound


@dataclass(frozen=True, slots=True)
class Reading:
    """How a policy comes by the length that it assumes, and by the order of requests.

    Attributes:
        first: what it assumes of a request that arrives; tokens.
        refined: what it assumes of a running one, from its assumption and its tokens so far.
        remembers: whether an evicted request keeps what was assumed of it in the end.
        order: requests go in ascending order of this; ``None``: of what is assumed of them.
    """

    first: Length
    refined: Callable[[int, int], int] = at_least_generated
    remembers: bool = True
    order: Length | None = None


READINGS: Mapping[PolicyName, Reading] = {
    "amin": Reading(lower),
    "amax": Reading(reserved, unrefined),
    "h-sf": Reading(output, unrefined),
}
"""Sections 3 and 4 of the specification."""


@dataclass(frozen=True, slots=True)
class WrongIdea:
    """A reading that is not the policy's.

    Attributes:
        rule: its name.
        behaviour: what a policy with this idea does, to be read after "if it".
        reading: the idea itself.
    """

    rule: ReadingRule
    behaviour: str
    reading: Reading


_READS_UPPER = "read the upper bound, which it never does (T5)"
_READS_OUTPUT = "knew the output lengths before completion (T5)"

WRONG_IDEAS: Mapping[PolicyName, tuple[WrongIdea, ...]] = {
    "amin": (
        WrongIdea("did-not-refine", "never refined its bounds (step 2)", Reading(lower, unrefined)),
        WrongIdea(
            "forgot-what-it-learnt",
            "forgot on eviction what it had learnt (T3)",
            Reading(lower, remembers=False),
        ),
        WrongIdea(
            "refined-too-far",
            "refined to a + 1 after a tokens (D3)",
            Reading(lower, one_more_than_generated),
        ),
        WrongIdea(
            "refined-too-late",
            "refined to a - 1 after a tokens (D3)",
            Reading(lower, one_less_than_generated),
        ),
        WrongIdea("read-the-upper-bound", _READS_UPPER, Reading(upper_if_known)),
        WrongIdea("read-the-upper-bound", _READS_UPPER, Reading(reserved)),
        WrongIdea("read-the-upper-bound", _READS_UPPER, Reading(lower, order=upper_if_known)),
        WrongIdea("read-the-output-length", _READS_OUTPUT, Reading(output)),
        WrongIdea("read-the-output-length", _READS_OUTPUT, Reading(lower, order=output)),
    ),
    "amax": (WrongIdea("read-the-output-length", _READS_OUTPUT, Reading(output, unrefined)),),
    "h-sf": (
        WrongIdea(
            "read-the-upper-bound",
            "went by the upper bound instead of the output length",
            Reading(reserved, unrefined),
        ),
    ),
}
"""The likeliest first."""
