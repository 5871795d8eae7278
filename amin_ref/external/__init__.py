"""How does a scheduler in another program, in any language, become a policy?

The program reads lines of JSON on its standard input and answers on its standard output.
Reading order:

1. ``protocol.md``: the specification of the lines. ``amin.c`` and ``amin.js`` are two such
   programs, and ``documents`` reads all three.
2. ``messages``: the lines of the protocol, and which answers are accepted.
3. ``child``: a process that may die, hang or flood its output; ``descendants``: those that it
   starts.
4. ``policy``: the two together, as an :class:`amin_ref.Policy`.
"""

from amin_ref.external.documents import LANGUAGES, Language, example_text, protocol_text
from amin_ref.external.policy import ExternalPolicy

__all__ = ["LANGUAGES", "ExternalPolicy", "Language", "example_text", "protocol_text"]
