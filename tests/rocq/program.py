"""The program that Coq extracts from the proved development, as a process."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from amin_ref import Instance, RequestId, Run
from amin_ref.cli.proved import certificate_in_words
from oracle import Certificate
from tests.support.project import PROJECT

ROCQ = PROJECT / "proofs_notes" / "rocq"
"""The folder of the machine-checked proofs."""

TOOLS = ("coqc", "ocamlfind")
"""The commands that ``build.sh program`` needs."""


def missing_tools() -> list[str]:
    """The commands that this machine lacks for a build."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def built(folder: Path) -> Path:
    """Copy the sources into a folder, compile them there, and return the program's path."""
    copy = folder / "rocq"
    sources = shutil.ignore_patterns("*.vo*", "*.glob", ".*.aux", "Audit.v", "amin_model*", "*.cm*")
    shutil.copytree(ROCQ, copy, ignore=sources)
    subprocess.run(["bash", "build.sh", "program"], cwd=copy, check=True)
    return copy / "amin_model"


def in_words(instance: Instance, ranks: Mapping[RequestId, int]) -> str:
    """An instance as the program reads it; requests are numbered by position."""
    lines = [f"{instance.capacity} {instance.block_size} {len(instance.requests)}"]
    for request in instance.requests:
        upper = "-" if request.upper is None else request.upper
        lines.append(
            f"{request.prompt_len} {request.output_len} {request.lower} {upper} "
            f"{request.arrival} {ranks[request.id]}"
        )
    return "\n".join(lines) + "\n"


def runs_in_words(instance: Instance, runs: Iterable[Run]) -> str:
    """The number of runs, then each of them, as the program reads them."""
    places = {request.id: place for place, request in enumerate(instance.requests)}
    lines = [
        f"{places[run.request]} {run.start} {run.stop} {int(run.outcome == 'completed')}"
        for run in runs
    ]
    return "\n".join([str(len(lines)), *lines, ""])


AT_ONCE = 100
"""Questions that are written before the first answer is read: their answers fit into a pipe."""


def checking_question(
    instance: Instance, runs: Iterable[Run], ranks: Mapping[RequestId, int]
) -> str:
    """The question whether a schedule is valid; the answer is ``valid`` or ``invalid``."""
    return f"K {in_words(instance, ranks)}{runs_in_words(instance, runs)}"


def verifying_question(certificate: Certificate) -> str:
    """The question for a certificate's bound; the answer is the bound."""
    instance = certificate.instance
    ranks = {request.id: place for place, request in enumerate(instance.requests)}
    words = "\n".join(certificate_in_words(certificate))
    return f"V {words}\n{in_words(instance, ranks)}"


class Program:
    """A running copy of the program. Use it as a context, which ends the process."""

    def __init__(self, path: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [path, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _ask(self, text: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()
        return self._line()

    def answers(self, questions: Sequence[str]) -> list[str]:
        """The answers to questions that have one line as answer."""
        answers: list[str] = []
        for first in range(0, len(questions), AT_ONCE):
            some = questions[first : first + AT_ONCE]
            answers.append(self._ask("".join(some)))
            answers += [self._line() for _ in some[1:]]
        return answers

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def schedule(
        self, policy: str, instance: Instance, ranks: Mapping[RequestId, int]
    ) -> tuple[Counter[tuple[RequestId, int, int, str]], int] | None:
        """The runs ``(id, start, stop, outcome)`` of a policy, and the total latency.

        Evicted requests keep their tokens if the instance's machine says so. ``None`` if the
        program gives up, which it does after very many rounds.
        """
        command = "R" if instance.machine.after_eviction == "resume" else "S"
        answer = self._ask(f"{command} {policy} {in_words(instance, ranks)}")
        if answer == "none":
            return None
        number, latency = map(int, answer.split())
        runs: Counter[tuple[RequestId, int, int, str]] = Counter()
        for _ in range(number):
            position, start, stop, completed = map(int, self._line().split())
            identity = instance.requests[position].id
            runs[identity, start, stop, "completed" if completed else "evicted"] += 1
        return runs, latency

    def accepts(
        self, instance: Instance, runs: Iterable[Run], ranks: Mapping[RequestId, int]
    ) -> bool:
        """Whether the proved checker finds the schedule valid."""
        return {"valid": True, "invalid": False}[
            self._ask(checking_question(instance, runs, ranks))
        ]

    def conforms(
        self, instance: Instance, runs: Iterable[Run], ranks: Mapping[RequestId, int], *, free: bool
    ) -> str:
        """``"conforms"``, ``"invalid"``, or ``"departs"`` and the first wrong round, for Amin."""
        ties = "free" if free else "given"
        return self._ask(f"F {ties} {in_words(instance, ranks)}{runs_in_words(instance, runs)}")

    def verified(self, certificate: Certificate) -> int:
        """The bound that the proved checker computes."""
        return int(self._ask(verifying_question(certificate)))

    def bound(
        self,
        instance: Instance,
        prices: Sequence[int],
        denominator: int,
        ranks: Mapping[RequestId, int],
    ) -> int:
        """``denominator`` times the bound of the prices of rounds 0, 1, …"""
        words = " ".join(map(str, [denominator, len(prices), *prices]))
        return int(self._ask(f"C {words} {in_words(instance, ranks)}"))
