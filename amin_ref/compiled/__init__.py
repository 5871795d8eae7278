"""The same answers, faster: rounds of the look-ahead policies in compiled code, made and judged.

To read: ``simulation`` (makes a schedule), ``columns`` (what compiled code knows of an instance and
a policy, and what it refuses), ``rounds`` (the rounds, as loops over arrays), ``machines`` (the
same on the machines of serving engines), ``machine_rounds`` (its loops), ``portions`` (plays
either's rounds until all requests have completed); ``replay`` (finds the first round of a schedule
that a policy could not have made), ``judged_rounds`` (its loops); ``compiling`` (Numba, and where
it keeps compiled code), ``readiness`` (whether it keeps some), ``refusal`` (what compiled code does
not know). The policies and ``conformance`` are the reference; the tests hold both equal. Numba is
not imported before it is used.
"""
