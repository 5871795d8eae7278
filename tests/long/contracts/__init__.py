"""Contracts that CrossHair checks over all paths: ``python -m tests.long.contracts``.

A contract is a function whose docstring has ``pre:`` and ``post:`` lines. CrossHair runs it on
symbolic integers: "confirmed over all paths" is a proof for all integers that the preconditions
allow. A contract calls the package's own code if that code works on integers and tuples. Code that
works on arrays is replaced by a plain version (:mod:`tests.models.plain`), and
``crosshair diffbehavior`` compares the two.
"""
