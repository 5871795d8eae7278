"""The program as a process: one question, one answer."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from amin_ref.external.child import Child
from amin_ref.model.errors import AminError, SchedulerFailed, shown, shown_path
from amin_ref.model.instance import Instance
from amin_ref.model.machine import PAPERS_MACHINE
from amin_ref.model.schedule import Run, Schedule
from amin_ref.proved.building import built_program

LONGEST_ANSWER = 3600.0
"""Seconds after which an answer is given up: the checkers are proved, but not fast."""


class NotCovered(AminError):
    """A document that the theorem of the program does not speak of."""


class ProgramFailed(AminError):
    """The program gives no answer, or one that is no answer."""


class ProvedProgram:
    """A running copy of the program.

    Args:
        path: the compiled program.

    Raises:
        ProgramFailed: it cannot be started.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._child = Child(_with_large_stack(path), LONGEST_ANSWER)
        except SchedulerFailed as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """End the process."""
        self._child.close()

    def accepts(self, schedule: Schedule) -> bool:
        """Whether the schedule is valid by section 2 of the specification.

        Raises:
            NotCovered: the schedule is not one of section 2: another machine, or a log's fields.
            ProgramFailed: the program does not answer.
        """
        refuse_uncovered_schedule(schedule)
        places = {request.id: place for place, request in enumerate(schedule.instance.requests)}
        runs = [_run_in_words(places[run.request], run) for run in schedule.runs]
        lines = ["K", *instance_in_words(schedule.instance), str(len(runs)), *runs]
        answer = self._ask(lines)
        if answer not in ("valid", "invalid"):
            raise ProgramFailed(
                f"the proved program answered {shown(answer)}, which is no verdict."
            )
        return answer == "valid"

    def certified(self, instance: Instance, certificate: Sequence[str]) -> int:
        """The lower bound that a certificate proves, rounded up.

        Args:
            instance: the requests and the cache, on the paper's machine.
            certificate: its lines as the program reads them, see ``main.ml``.

        Raises:
            NotCovered: the instance has another machine.
            ProgramFailed: the program does not answer.
        """
        refuse_uncovered_machine(instance)
        answer = self._ask(["V", *certificate, *instance_in_words(instance)])
        try:
            return int(answer)
        except ValueError:
            raise ProgramFailed(
                f"the proved program answered {shown(answer)}, which is no number."
            ) from None

    def _ask(self, lines: Sequence[str]) -> str:
        try:
            answer = self._child.ask(("\n".join(lines) + "\n").encode("ascii"))
        except SchedulerFailed as error:
            raise self._failed(error) from None
        return answer.decode("ascii", "backslashreplace")

    def _failed(self, error: SchedulerFailed) -> ProgramFailed:
        return ProgramFailed(
            f"the proved program {shown_path(self._path)} gives no answer: {error.what}; if it is "
            "damaged, remove its folder, and it is compiled again."
        )


@contextmanager
def proved_program() -> Iterator[ProvedProgram]:
    """The program, compiled if need be, which runs within the context.

    Raises:
        CannotBuild: it cannot be compiled here.
        CannotWrite: the cache folder cannot be written.
        ProgramFailed: it cannot be started.
    """
    program = ProvedProgram(built_program())
    try:
        yield program
    finally:
        program.close()


def refuse_uncovered_machine(instance: Instance) -> None:
    """Refuse every machine but the paper's.

    Raises:
        NotCovered: the instance has another machine.
    """
    if instance.machine != PAPERS_MACHINE:
        raise NotCovered(
            f"the proved program does not cover the machine {instance.machine!r}, only the paper's "
            "machine; leave out --proved."
        )


def refuse_uncovered_schedule(schedule: Schedule) -> None:
    """Refuse schedules with more in them than section 2 of the specification knows.

    Raises:
        NotCovered: another machine, aborted or unfinished requests, or the fields ``held`` or
            ``computed``.
    """
    refuse_uncovered_machine(schedule.instance)
    found = (
        ("aborted requests", bool(schedule.aborted)),
        ("unfinished requests", schedule.ended is not None),
        ("the field 'held'", schedule.held is not None),
        ("the field 'computed' of a run", any(run.computed is not None for run in schedule.runs)),
    )
    for what, present in found:
        if present:
            raise NotCovered(f"the proved program does not cover {what}; leave out --proved.")


def instance_in_words(instance: Instance) -> list[str]:
    """An instance as the program reads it: requests are numbered and ranked by position."""
    return [
        f"{instance.capacity} {instance.block_size} {len(instance.requests)}",
        *(
            f"{request.prompt_len} {request.output_len} {request.lower} "
            f"{'-' if request.upper is None else request.upper} {request.arrival} {place}"
            for place, request in enumerate(instance.requests)
        ),
    ]


def _run_in_words(place: int, run: Run) -> str:
    return f"{place} {run.start} {run.stop} {int(run.outcome == 'completed')}"


def _with_large_stack(path: Path) -> list[str]:
    """The command. Extracted functions recurse once for each element of a list.

    The system's usual limit of 8 MiB is enough for some hundred thousand elements; the shell lifts
    it as far as the system lets it.
    """
    if sys.platform == "win32":
        return [str(path)]
    return ["/bin/sh", "-c", f"ulimit -s unlimited 2>/dev/null; exec {shlex.quote(str(path))}"]
