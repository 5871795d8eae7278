"""The question for a worst ratio, and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import ceil, comb
from typing import Literal, get_args

from amin_ref.model.errors import InvalidDocument, InvalidValue, shown
from amin_ref.model.json_reading import expect_array
from amin_ref.model.validation import whole_number
from amin_ref.small.instances import Hindsight, Outputs, Rules, Setting

PolicyName = Literal[
    "amin",
    "amax",
    "h-sf",
    "amin-never-refines",
    "amin-evicts-largest",
    "amin-evicts-newest",
    "amin-never-looks-ahead",
]
"""Policies whose worst case can be asked for: three of the specification's, and crippled Amins."""

POLICY_NAMES: tuple[PolicyName, ...] = get_args(PolicyName)

RULES: Mapping[PolicyName, Rules] = {
    "amin": Rules(),
    "amax": Rules(assume="upper"),
    "amin-never-refines": Rules(refine=False),
    "amin-evicts-largest": Rules(victims="descending"),
    "amin-evicts-newest": Rules(victims="newest"),
    "amin-never-looks-ahead": Rules(look_ahead=False),
}
"""Every policy but H-SF, which no adversary can surprise."""

MULTISETS_PER_PIECE = 250
"""Size of a piece; see :mod:`oracle.ratio.worst_case`."""

MOST_MULTISETS = 2_000_000
"""Larger questions are refused: their multisets would not fit into memory."""

QUESTION_FIELDS = ("policy", "prompt_len", "lower", "upper", "capacity", "requests")
FOUND_FIELDS = ("by_rank", "cost", "optimum")


@dataclass(frozen=True, slots=True)
class Question:
    """Whose worst ratio, on which instances.

    Attributes:
        policy: one of :data:`POLICY_NAMES`.
        setting: prompts, predictions and cache.
        requests: n, at least 1.

    Raises:
        InvalidValue: a field is not of this kind.
    """

    policy: PolicyName
    setting: Setting
    requests: int

    def __post_init__(self) -> None:
        whole_number("requests", self.requests, 1, "requests")
        if self.policy not in POLICY_NAMES:
            raise InvalidValue(
                "policy", self.policy, "it is not known", f"give one of {', '.join(POLICY_NAMES)}"
            )
        if self.multisets > MOST_MULTISETS:
            raise InvalidValue(
                "requests",
                self.requests,
                f"that makes {self.multisets} multisets of output lengths, and at most "
                f"{MOST_MULTISETS} are gone through",
                "give fewer requests or a narrower interval",
            )

    def as_document(self) -> dict[str, object]:
        """The question as a JSON-ready object."""
        return {"policy": self.policy} | asdict(self.setting) | {"requests": self.requests}

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Question:
        """The question that :meth:`as_document` wrote.

        Raises:
            InvalidDocument: there is no such policy.
            InvalidValue: another field's value breaks a rule.
        """
        policy = next((name for name in POLICY_NAMES if name == document["policy"]), None)
        if policy is None:
            raise InvalidDocument(f"policy: {shown(document['policy'])} is not known.")
        tokens = {
            field: whole_number(field, document[field], 1, "tokens")
            for field in ("prompt_len", "lower", "upper", "capacity")
        }
        requests = whole_number("requests", document["requests"], 1, "requests")
        return cls(policy, Setting(**tokens), requests)

    @property
    def multisets(self) -> int:
        """Number of multisets of output lengths."""
        lengths = self.setting.upper - self.setting.lower + 1
        return comb(self.requests + lengths - 1, self.requests)

    @property
    def instances(self) -> int:
        """Number of pairs of a multiset and a tie-break that ranks its lengths: (u - ℓ + 1)^n."""
        count: int = (self.setting.upper - self.setting.lower + 1) ** self.requests
        return count

    @property
    def pieces(self) -> int:
        """Number of pieces that the work is cut into."""
        return ceil(self.multisets / MULTISETS_PER_PIECE)


@dataclass(frozen=True, slots=True)
class Found:
    """An instance, its tie-break, and what it costs.

    Attributes:
        by_rank: output lengths in order of tie-break rank; tokens.
        cost: the policy's total latency; request·rounds.
        optimum: OPT; request·rounds.
    """

    by_rank: Outputs
    cost: int
    optimum: int

    def as_document(self) -> dict[str, object]:
        """What was found as a JSON-ready object."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Found:
        """What :meth:`as_document` wrote.

        Raises:
            InvalidDocument: the outputs are no array.
            InvalidValue: a number is none.
        """
        outputs = expect_array(document["by_rank"], "by_rank")
        return cls(
            by_rank=tuple(whole_number("by_rank", output, 1, "tokens") for output in outputs),
            cost=whole_number("cost", document["cost"], 1, "request·rounds"),
            optimum=whole_number("optimum", document["optimum"], 1, "request·rounds"),
        )

    @property
    def ratio(self) -> Fraction:
        """Cost over OPT, exactly."""
        return Fraction(self.cost, self.optimum)

    @property
    def outputs(self) -> Outputs:
        """The multiset: output lengths in ascending order; tokens."""
        return tuple(sorted(self.by_rank))


@dataclass(frozen=True, slots=True)
class WorstCase:
    """The answer to a question.

    Attributes:
        question: the question.
        found: an instance and tie-break with the worst ratio.
    """

    question: Question
    found: Found

    def program(self) -> str:
        """A Python program that builds the instance and shows both costs.

        A program about a crippled policy runs in the project's folder, where ``tests`` is.
        """
        setting, found = self.question.setting, self.found
        policy, imported = _CLASSES[self.question.policy]
        names = ["Instance", "Ranking", "Request", "Run", "Schedule", "check", "simulate"]
        imports = [f"from tests.models.crippled import {policy}"] if not imported else []
        imports.insert(0, f"from amin_ref import {', '.join(sorted([*names, *imported]))}")
        requests = "\n".join(
            f"    Request({i}, prompt_len={setting.prompt_len}, output_len={output_len}, "
            f"lower={setting.lower}, upper={setting.upper}),"
            for i, output_len in enumerate(found.by_rank)
        )
        runs = "\n".join(
            f"    Run({i}, {start}, {start + output_len}, 'completed'),"
            for i, (start, output_len) in enumerate(
                zip(self._optimal_starts(), found.by_rank, strict=True)
            )
        )
        return (
            "\n".join(imports) + f"\n\nrequests = (\n{requests}\n)\n"
            f"instance = Instance(capacity={setting.capacity}, requests=requests)\n"
            f"ranking = Ranking({tuple(range(self.question.requests))})\n"
            f"schedule = simulate(instance, {policy}(ranking))\n"
            f"optimal = Schedule(instance, (\n{runs}\n))\n"
            f"assert check(optimal) == ()\n"
            f"assert schedule.total_latency == {found.cost}\n"
            f"assert optimal.total_latency == {found.optimum}\n"
            "print(schedule.total_latency, optimal.total_latency)\n"
        )

    def _optimal_starts(self) -> list[int]:
        """The first round of each request, in order of rank, in a schedule that costs OPT."""
        found = self.found
        starts = Hindsight(self.question.setting).optimal_starts(found.outputs)
        by_rank = [0] * len(starts)
        ascending = sorted(range(len(starts)), key=lambda rank: found.by_rank[rank])
        for rank, start in zip(ascending, starts, strict=True):
            by_rank[rank] = start
        return by_rank


_CLASSES: Mapping[PolicyName, tuple[str, tuple[str, ...]]] = {
    "amin": ("Amin", ("Amin",)),
    "amax": ("Amax", ("Amax",)),
    "h-sf": ("HindsightShortestFirst", ("HindsightShortestFirst",)),
    "amin-never-refines": ("NeverRefines", ()),
    "amin-evicts-largest": ("EvictsLargest", ()),
    "amin-evicts-newest": ("EvictsNewest", ()),
    "amin-never-looks-ahead": ("NeverLooksAhead", ()),
}
"""Every policy's class, and what of it :mod:`amin_ref` has."""
