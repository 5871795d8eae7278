"""What do the machine-checked checkers say of a schedule or of a certificate's prices?

The folder ``source`` has the OCaml program that Coq extracts from ``proofs_notes/rocq``
(``amin_model.ml`` and ``.mli``), with ``main.ml``, which parses and prints. The program is compiled
on the user's machine, once, and run as a process.

To read: ``source_text`` (the sources, and their key), ``building`` (the compiled program in the
user's cache folder), ``program`` (the process, and what it covers), ``trusted`` (what a user must
believe all the same).
"""

from __future__ import annotations

from amin_ref.proved.building import CannotBuild, built_program
from amin_ref.proved.program import NotCovered, ProvedProgram, proved_program
from amin_ref.proved.trusted import OF_CERTIFICATES, OF_SCHEDULES, Trust

__all__ = [
    "OF_CERTIFICATES",
    "OF_SCHEDULES",
    "CannotBuild",
    "NotCovered",
    "ProvedProgram",
    "Trust",
    "built_program",
    "proved_program",
]
