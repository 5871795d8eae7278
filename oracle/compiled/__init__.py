"""The inner loops of the exact search once more, in compiled code, for long searches.

To read: ``states`` (the states of the search), ``sequences`` (the tables of the sequencing bound),
``readiness`` (whether an earlier process has compiled them). The readable code in
:mod:`oracle.search` is the reference; the tests hold both equal. Nothing here is imported before it
is used.
"""
