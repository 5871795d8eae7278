"""The lines of the protocol: what is asked, and what counts as an answer to it.

Every line that is sent is a question, and gets exactly one line for an answer; only the last one,
``end``, gets none. A line is one JSON object whose first field names its kind and its number, and
an answer repeats both: so nothing that is said twice or too late can pass for another answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from amin_ref.model.errors import InvalidDocument, shown
from amin_ref.model.json_reading import expect_array, expect_fields, expect_object, parse
from amin_ref.model.validation import RequestId, is_request_id
from amin_ref.policies import Decision, VisibleRequest

VERSION = 1

Kind = Literal["hello", "begin", "round"]
KINDS: tuple[Kind, ...] = ("hello", "begin", "round")

END = b'{"end": true}\n'
"""The last line: no more instances, and no answer is waited for."""


@dataclass(frozen=True, slots=True)
class Question:
    """A line that waits for its answer.

    Attributes:
        kind: what is asked.
        number: the version for ``hello``, the number of the instance for ``begin``, the round for
            ``round``.
        line: as it is sent, newline included.
    """

    kind: Kind
    number: int
    line: bytes

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


def hello() -> Question:
    """The first line: which protocol is spoken."""
    return _question("hello", VERSION, {})


def begin(number: int, capacity: int, block_size: int) -> Question:
    """A new, empty cache; ``number`` counts the instances that the process is given, from 1."""
    return _question("begin", number, {"capacity": capacity, "block_size": block_size})


def round_of(
    now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
) -> Question:
    """What is new in a round: never an output length."""
    return _question(
        "round",
        now,
        {
            "arrived": [
                {
                    "id": request.id,
                    "prompt_len": request.prompt_len,
                    "lower": request.lower,
                    "upper": request.upper,
                    "arrival": request.arrival,
                    "position": request.position,
                }
                for request in arrived
            ],
            "completed": list(completed),
        },
    )


def _question(kind: Kind, number: int, fields: dict[str, object]) -> Question:
    # ASCII, so that a reader which knows no Unicode can hand an id back as it came.
    line = json.dumps({kind: number} | fields).encode("ascii") + b"\n"
    return Question(kind, number, line)


def decision_in(answer: bytes, question: Question, before: Question | None) -> Decision:
    """What a line decides as an answer to ``question``; nothing unless that asks of a round.

    Args:
        answer: the line, without its newline.
        question: what was asked.
        before: what was asked before that.

    Raises:
        InvalidDocument: it is no answer to that question; the message says why and what it said.
    """
    try:
        said = expect_object(parse(answer.decode("utf-8")), "answer")
        _expect_answer_to(said, question, before)
        if question.kind != "round":
            expect_fields(said, "answer", (question.kind,), ())
            return Decision()
        expect_fields(said, "answer", ("round", "evict", "admit"), ())
        return Decision(evict=_ids(said["evict"], "evict"), admit=_ids(said["admit"], "admit"))
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 text (byte {error.start})"
    except InvalidDocument as error:
        reason = str(error).rstrip(".")
    raise InvalidDocument(f"it said {shown(_readable(answer))}: {reason}.")


def _expect_answer_to(
    said: Mapping[str, object], question: Question, before: Question | None
) -> None:
    number = said.get(question.kind)
    if type(number) is int and number == question.number:
        return
    if before is not None and said.get(before.kind) == before.number:
        raise InvalidDocument(f"{before} is answered twice, and {question} was asked")
    if question.kind == "hello" and type(number) is int:
        raise InvalidDocument(
            f"it speaks version {shown(number)} of the protocol, and this release speaks {VERSION}"
        )
    if all(kind not in said for kind in KINDS):
        raise InvalidDocument(
            f'an answer repeats its question\'s first field, here "{question.kind}": '
            f"{question.number}"
        )
    raise InvalidDocument(f"{question} was asked, and this answers something else")


def _ids(value: object, field: str) -> tuple[RequestId, ...]:
    found: list[RequestId] = []
    for request in expect_array(value, f"answer: {field}"):
        if not is_request_id(request):
            raise InvalidDocument(
                f"answer: {field} holds {shown(request)}, which is no request's id"
            )
        found.append(request)
    return tuple(found)


def _readable(line: bytes) -> str:
    return line[:4096].decode("utf-8", "backslashreplace")
