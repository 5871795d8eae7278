"""The answer to a question: an instance with the largest ratio, and a program that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction

import amin_ref
from amin_ref.model.json_reading import expect_array
from amin_ref.model.machine import PAPERS_MACHINE
from amin_ref.model.validation import whole_number
from amin_ref.policies.names import FOR_RESUME, POLICIES
from amin_ref.policies.variants import VARIANTS
from amin_ref.small.optimum import TokenRounds
from amin_ref.small.optimum_resume import hindsight_of
from amin_ref.small.setting import Outputs
from oracle.ratio.question import Question
from oracle.starts.token_rounds import schedule_from_tokens

FOUND_FIELDS = ("by_rank", "cost", "optimum")


@dataclass(frozen=True, slots=True)
class Found:
    """An instance, and what the policy and the optimum cost on it.

    Attributes:
        by_rank: output lengths in order of tie-break rank; tokens. For a policy that is given as
            ``MODULE:NAME``: in order of position, and the policy breaks ties by its own rule.
        cost: the policy's total latency; request·rounds.
        optimum: OPT; request·rounds.
    """

    by_rank: Outputs
    cost: int
    optimum: int

    def as_document(self) -> dict[str, object]:
        """The instance and its costs as a JSON-ready object."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Found:
        """What :meth:`as_document` wrote.

        Raises:
            InvalidDocument: the outputs are no array.
            InvalidValue: a value is not a whole number of at least 1.
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
        """The output lengths in ascending order; tokens."""
        return tuple(sorted(self.by_rank))


@dataclass(frozen=True, slots=True)
class WorstCase:
    """The answer to a question.

    Attributes:
        question: the question.
        found: an instance and tie-break with the largest ratio among the candidates that were
            compared.
        unseen: the candidates that were not compared because the search was stopped.
    """

    question: Question
    found: Found
    unseen: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether ``found`` has the worst ratio of all instances, and not of some of them."""
        return self.unseen == 0

    @property
    def seen(self) -> int:
        """The candidates that were compared (:attr:`Question.unit`)."""
        return self.question.candidates - self.unseen

    def program(self) -> str:
        """A Python program that builds the instance and prints both costs.

        It needs the package ``amin_ref`` alone, and the policy's module if that is another one.
        """
        setting, found = self.question.setting, self.found
        policy = _policy_in_program(self.question.policy)
        names = {"Instance", "Request", "Run", "Schedule", "check", "simulate", *policy.names}
        machine = setting.machine
        on_machine = ""
        if machine != PAPERS_MACHINE:
            names.add("Machine")
            on_machine = f", machine={machine!r}"
        requests = "\n".join(
            f"    Request({i}, prompt_len={setting.prompt_len}, output_len={output_len}, "
            f"lower={setting.lower}, upper={setting.upper}),"
            for i, output_len in enumerate(found.by_rank)
        )
        optimal = schedule_from_tokens(setting.instance(found.by_rank), self._optimal_rounds())
        runs = "\n".join(
            f"    Run({run.request}, {run.start}, {run.stop}, {run.outcome!r}),"
            for run in optimal.runs
        )
        ranking = f"ranking = Ranking({tuple(range(self.question.requests))})\n"
        return (
            f"from amin_ref import {', '.join(sorted(names))}\n{policy.imported}"
            f"\nrequests = (\n{requests}\n)\n"
            f"instance = Instance(capacity={setting.capacity}, requests=requests{on_machine})\n"
            f"{ranking if 'Ranking' in names else ''}"
            f"schedule = simulate(instance, {policy.made})\n"
            f"optimal = Schedule(instance, (\n{runs}\n))\n"
            f"assert check(optimal) == ()\n"
            f"assert schedule.total_latency == {found.cost}\n"
            f"assert optimal.total_latency == {found.optimum}\n"
            "print(schedule.total_latency, optimal.total_latency)\n"
        )

    def _optimal_rounds(self) -> TokenRounds:
        """The rounds of each request's tokens, in order of rank, in a schedule that costs OPT."""
        found = self.found
        ascending = sorted(range(len(found.by_rank)), key=lambda rank: found.by_rank[rank])
        optimal = hindsight_of(self.question.setting).token_rounds(found.outputs)
        by_rank = dict(zip(ascending, optimal, strict=True))
        return tuple(by_rank[rank] for rank in range(len(found.by_rank)))


@dataclass(frozen=True, slots=True)
class _PolicyInProgram:
    """How a program gets a policy.

    Attributes:
        names: what it imports from ``amin_ref``.
        imported: a further line of imports, or nothing.
        made: the expression that makes the policy.
    """

    names: tuple[str, ...]
    imported: str
    made: str


def _policy_in_program(name: str) -> _PolicyInProgram:
    tables = {"POLICIES": POLICIES, "FOR_RESUME": FOR_RESUME, "VARIANTS": VARIANTS}
    table = next((table for table, named in tables.items() if name in named), None)
    if table is None:
        module, _, attribute = name.partition(":")
        return _PolicyInProgram((), f"from {module} import {attribute}\n", f"{attribute}()")
    make = tables[table][name].make
    if isinstance(make, type) and make.__name__ in amin_ref.__all__:
        return _PolicyInProgram(("Ranking", make.__name__), "", f"{make.__name__}(ranking)")
    module = "variants" if table == "VARIANTS" else "names"
    return _PolicyInProgram(
        ("Ranking",),
        f"from amin_ref.policies.{module} import {table}\n",
        f"{table}[{name!r}].make(ranking)",
    )
