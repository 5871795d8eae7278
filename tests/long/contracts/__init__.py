"""Contracts that CrossHair checks over all paths: ``python -m tests.long.contracts``.

A contract is a function whose docstring has ``pre:`` and ``post:`` lines. CrossHair runs it on
symbolic integers, so "confirmed over all paths" is a proof for every integer that the preconditions
allow, not a sample. What it calls is the code of the package itself, wherever that is made of
integers and tuples; where it is made of arrays, a plain version stands in for it
(:mod:`tests.models.plain`) and is compared with it by ``crosshair diffbehavior``.
"""
