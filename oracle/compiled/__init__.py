"""The inner loops of the oracle once more, in compiled code, for long searches.

To read: ``states`` (the states of the exact search), ``sequences`` (the tables of the sequencing
bound), ``placing`` (the moves of the local search), ``overflowing`` (the moves of the annealing),
``shares`` and ``pauses`` (the dual functions), ``readiness`` (whether an earlier process has
compiled them). The readable code in :mod:`oracle.search`, :mod:`oracle.heuristics` and
:mod:`oracle.prices` is the reference; the tests hold both equal. Nothing here is imported before it
is used.
"""
