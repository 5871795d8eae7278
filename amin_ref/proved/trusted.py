"""What a user must believe, although the program's theorem is machine-checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trust:
    """A theorem about the program, and what its truth for the user's file rests on.

    Attributes:
        theorem: its name in ``proofs_notes/rocq/Book.v``.
        definitions: the files of ``proofs_notes/rocq`` whose definitions the theorem speaks of.
    """

    theorem: str
    definitions: tuple[str, ...]

    def text(self) -> str:
        """The theorem and what is trusted, in two sentences."""
        return (
            f"The program is extracted from the Coq development; its theorem is {self.theorem}. "
            f"Trusted: Coq's kernel; the definitions of {' and '.join(self.definitions)}; Coq's "
            "extraction; OCaml and Zarith; main.ml, which parses and prints; and amin-ref, which "
            "reads the file."
        )


OF_SCHEDULES = Trust("checker_is_right", ("Records.v",))
"""The checker of schedules: it accepts the valid ones and no others."""

OF_CERTIFICATES = Trust("T11", ("Records.v", "Certificate.v"))
"""The bound that the checker of certificates computes: it is at most OPT."""
