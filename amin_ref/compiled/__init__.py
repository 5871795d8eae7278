"""The same schedules, faster: the rounds of the look-ahead policies in compiled code.

To read: ``simulation`` (makes a schedule), ``columns`` (what compiled code knows of an instance and
a policy, and what it refuses), ``rounds`` (the rounds, as loops over arrays), ``compiling`` (Numba,
and where it keeps compiled code). The policies themselves are the reference; the tests hold both
equal. Nothing here is imported before it is used.
"""
