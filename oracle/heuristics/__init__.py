"""Which good schedule can be found quickly, for thousands of requests?

To read: ``best_schedule`` (list schedules and local search), then ``annealing``.
"""
