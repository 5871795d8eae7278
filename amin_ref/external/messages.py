"""The lines of the protocol: the messages that are sent, and which answers are accepted.

Every message gets exactly one line as its answer, except the last, ``end``, which gets none. A line
is one JSON object whose first field has its kind and number. An answer repeats that field, so a
repeated or late answer cannot pass for another one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from amin_ref.model.errors import InvalidDocument, shown
from amin_ref.model.json_reading import expect_array, expect_fields, expect_object, parse
from amin_ref.model.machine import Machine
from amin_ref.model.validation import RequestId, is_request_id
from amin_ref.policies import Decision, VisibleRequest

Version = Literal[1, 2]
VERSIONS: tuple[Version, ...] = (1, 2)
"""Versions of the protocol that are spoken. In the first there is no machine but the paper's, and
no client goes away."""

Kind = Literal["hello", "begin", "round", "cancelled"]
KINDS: tuple[Kind, ...] = ("hello", "begin", "round", "cancelled")

END = b'{"end": true}\n'
"""The last line: there are no more instances. No answer is expected."""


@dataclass(frozen=True, slots=True)
class Message:
    """A line to the scheduler that needs an answer.

    Attributes:
        kind: kind of the message.
        number: the first version for ``hello``, the number of the instance for ``begin``, the round
            for ``round``, the number of the cancellation for ``cancelled``.
        line: the bytes that are sent, newline included.
    """

    kind: Kind
    number: int
    line: bytes

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


def hello() -> Message:
    """The first line, with the first and the latest version of the protocol."""
    return _message("hello", VERSIONS[0], {"latest": VERSIONS[-1]})


def begin(number: int, capacity: int, block_size: int, machine: Machine | None) -> Message:
    """A new, empty cache; ``number`` counts the instances of the process from 1.

    Args:
        number: of the instance.
        capacity: M; tokens.
        block_size: B; tokens.
        machine: that of the instance; ``None`` for a program that speaks version 1.
    """
    fields: dict[str, object] = {"capacity": capacity, "block_size": block_size}
    if machine is not None:
        fields["machine"] = asdict(machine)
    return _message("begin", number, fields)


def cancelled(number: int, request: RequestId) -> Message:
    """The client of a waiting request went away; ``number`` counts these in an instance from 1."""
    return _message("cancelled", number, {"request": request})


def round_of(
    now: int, arrived: Sequence[VisibleRequest], completed: Sequence[RequestId]
) -> Message:
    """The arrivals and completions of a round; it never holds an output length."""
    return _message(
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


def _message(kind: Kind, number: int, fields: dict[str, object]) -> Message:
    # ASCII, so that a program without Unicode can hand an id back unchanged.
    line = json.dumps({kind: number} | fields).encode("ascii") + b"\n"
    return Message(kind, number, line)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program answers.

    Attributes:
        version: of the protocol, for ``hello``; else 1.
        decision: for ``round``; else an empty one.
    """

    version: Version = 1
    decision: Decision = field(default_factory=Decision)


def answer_in(line: bytes, message: Message, before: Message | None) -> Answer:
    """The answer in a line.

    Args:
        line: without its newline.
        message: the message that it answers.
        before: the message before that.

    Raises:
        InvalidDocument: the line is no answer to the message; the text has the reason and the line.
    """
    try:
        said = expect_object(parse(line.decode("utf-8")), "answer")
        if message.kind == "hello":
            return Answer(version=_version_in(said, message))
        _expect_answer_to(said, message, before)
        if message.kind != "round":
            expect_fields(said, "answer", (message.kind,), ())
            return Answer()
        expect_fields(said, "answer", ("round", "evict", "admit"), ())
        evict, admit = _ids(said["evict"], "evict"), _ids(said["admit"], "admit")
        return Answer(decision=Decision(evict=evict, admit=admit))
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 text (byte {error.start})"
    except InvalidDocument as error:
        reason = str(error).rstrip(".")
    raise InvalidDocument(f"it sent {shown(_readable(line))}: {reason}.")


def _version_in(said: Mapping[str, object], message: Message) -> Version:
    """The version of the protocol that the program speaks, from its answer to ``hello``."""
    number = said.get("hello")
    if type(number) is not int:
        _expect_answer_to(said, message, None)
    expect_fields(said, "answer", ("hello",), ())
    for version in VERSIONS:
        if number == version:
            return version
    spoken = " and ".join(map(str, VERSIONS))
    raise InvalidDocument(
        f"it speaks version {shown(number)} of the protocol, and this release speaks {spoken}"
    )


def _expect_answer_to(said: Mapping[str, object], message: Message, before: Message | None) -> None:
    number = said.get(message.kind)
    if type(number) is int and number == message.number:
        return
    if before is not None and said.get(before.kind) == before.number:
        raise InvalidDocument(f"{before} is answered twice, and {message} was sent")
    if all(kind not in said for kind in KINDS):
        raise InvalidDocument(
            f'an answer repeats the first field of its message, here "{message.kind}": '
            f"{message.number}"
        )
    raise InvalidDocument(f"{message} was sent, and this answers another message")


def _ids(value: object, field: str) -> tuple[RequestId, ...]:
    found: list[RequestId] = []
    for request in expect_array(value, f"answer: {field}"):
        if not is_request_id(request):
            raise InvalidDocument(f"answer: {field} holds {shown(request)}, which is not an id")
        found.append(request)
    return tuple(found)


def _readable(line: bytes) -> str:
    return line[:4096].decode("utf-8", "backslashreplace")
