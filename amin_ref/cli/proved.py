"""``--proved``: the machine-checked program's answer beside that of the Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from amin_ref.checker import Violation
from amin_ref.cli.messages import tell
from amin_ref.cli.slow import told_if_slow
from amin_ref.cli.wording import duration
from amin_ref.model.schedule import Schedule
from amin_ref.proved import OF_CERTIFICATES, OF_SCHEDULES, Trust, proved_program
from amin_ref.proved.program import refuse_uncovered_machine, refuse_uncovered_schedule

if TYPE_CHECKING:
    from oracle.certificate import Certificate

OWN_RULE = "nothing-after-completion"
"""The one rule of ``amin_ref.check`` that section 2 of the specification lacks."""

NANOSECONDS = 35
"""What one step of the program takes on a common processor."""

STEPS_OF_A_BRACKET = 2
"""Steps that take as long as it takes to price one start of one request, or one start's share."""

SILENT_STEPS = 10**8
"""Steps beyond which the expected time is said before the work: these take some seconds."""

proved_option = click.option(
    "--proved",
    is_flag=True,
    help="Ask the machine-checked program as well, and print what is trusted. The program is "
    "compiled once, by ocamlfind with Zarith.",
)
"""The flag of ``check`` and ``verify``."""


class ProgramsDiffer(Exception):
    """The proved program and the Python give different answers: one of them has a bug."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An answer of the proved program, which agrees with that of the Python.

    Attributes:
        said: the answer, in a sentence.
        value: the answer, for JSON.
        trust: the theorem, and what it rests on.
    """

    said: str
    value: bool | int
    trust: Trust

    def text(self) -> str:
        """The answer and what is trusted."""
        return f"{self.said} {self.trust.text()}"


def proved_document(confirmed: Confirmed | None) -> dict[str, object] | None:
    """The answer as an object for ``json``; ``None`` where the program was not asked."""
    if confirmed is None:
        return None
    trust = confirmed.trust
    return {"answer": confirmed.value, "theorem": trust.theorem, "trusted": trust.text()}


def confirmed_validity(schedule: Schedule, violations: Sequence[Violation]) -> Confirmed:
    """Whether the proved checker accepts the schedule, as it must without a violation.

    Args:
        schedule: of the paper's machine, without what only logs have.
        violations: what the Python's checker found.

    Raises:
        NotCovered: the schedule is not of this kind.
        CannotBuild: the program cannot be compiled here.
        ProgramsDiffer: the verdicts differ, by another rule than :data:`OWN_RULE`.
    """
    refuse_uncovered_schedule(schedule)
    runs = len(schedule.runs)
    last = max((run.stop for run in schedule.runs), default=0)
    _tell_of_time("the proved checker", runs * (runs + last))
    with told_if_slow("the proved checker"), proved_program() as program:
        accepts = program.accepts(schedule)
    broken = {violation.rule for violation in violations} - {OWN_RULE}
    if accepts == bool(broken):
        raise ProgramsDiffer(
            f"the proved checker says {_verdict(accepts)}, and amin_ref.check "
            f"{_verdict(not broken)}: {sorted(broken)}"
        )
    said = f"The proved checker says: {_verdict(accepts)}."
    if accepts and violations:
        said += f" Section 2 of the specification, which it checks, has no rule {OWN_RULE}."
    return Confirmed(said, accepts, OF_SCHEDULES)


def _verdict(valid: bool) -> str:
    return "valid" if valid else "not valid"


def confirmed_bound(certificate: Certificate, proven: int) -> Confirmed:
    """The bound of a certificate by the proved program, as it must be the Python's.

    Args:
        certificate: of the paper's machine.
        proven: the bound by the Python.

    Raises:
        NotCovered: the certificate is for another machine.
        CannotBuild: the program cannot be compiled here.
        ProgramsDiffer: the bounds differ.
    """
    instance = certificate.instance
    refuse_uncovered_machine(instance)
    priced = sum(len(part.multipliers) * (1 + len(part.shares)) for part in certificate.stretches)
    _tell_of_time("the proved program", STEPS_OF_A_BRACKET * len(instance.requests) * priced)
    with told_if_slow("the proved program"), proved_program() as program:
        bound = program.certified(instance, certificate_in_words(certificate))
    if bound != proven:
        raise ProgramsDiffer(f"the proved program says {bound}, and oracle.verify {proven}")
    said = f"The proved program says: the prices prove {bound:,}."
    return Confirmed(said, bound, OF_CERTIFICATES)


def certificate_in_words(certificate: Certificate) -> list[str]:
    """The prices of stretches and shares as the program reads them, without the instance."""
    lines = [f"{certificate.denominator} {len(certificate.stretches)}"]
    for stretch in certificate.stretches:
        lines.append(f"{stretch.first_round} {_list_in_words(stretch.multipliers)}")
        lines.append(str(len(stretch.shares)))
        for share in stretch.shares:
            lines.append(f"{share.places} {share.most} {share.ignored} {share.lead}")
            lines.append(" ".join(map(str, share.multipliers)))
    return lines


def _list_in_words(numbers: Sequence[int]) -> str:
    return " ".join(map(str, [len(numbers), *numbers]))


def _tell_of_time(what: str, steps: int) -> None:
    if steps > SILENT_STEPS:
        tell(
            f"{what} takes about {duration(steps * NANOSECONDS)}: it is made to be proved, not to "
            "be fast; Ctrl-C ends it."
        )
