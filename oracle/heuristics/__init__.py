"""Which good schedule can be found quickly, for thousands of requests?

To read: ``best_schedule`` (the steps, and what each is given), ``annealing`` (the second step),
``local_search`` (the third), ``compiled_moves`` (the moves of both from compiled code), ``choice``
(whether these are made). Where evicted requests keep their tokens:
``remaining_volume`` (SRV) and ``best_tokens`` (a local search from it).
"""
