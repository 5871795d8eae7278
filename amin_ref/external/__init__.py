"""Schedulers in other programs, in any language: lines of JSON on stdin and stdout.

The protocol is written down in ``proofs_notes/protocol.md``.
"""

from amin_ref.external.policy import ExternalPolicy

__all__ = ["ExternalPolicy"]
