"""Mutation testing: does a test fail for each fault that is put into the code?

To read: ``catalogue`` (mutants picked by hand), ``theorem_tests`` and ``__main__`` (the tests of
one theorem against them); then ``faults`` (all faults of a file), ``guard`` (a faulty program
changes no file of others), ``warm`` and ``cold`` (two ways to judge a fault), ``equivalent``
(faults that change nothing) and ``all``.
"""
