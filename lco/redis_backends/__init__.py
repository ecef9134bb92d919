"""The parts that several processes of the site share through Redis: change log, cache, locks and limits.

This is the only package that imports `redis`. Each part has a counterpart in memory, for a site of one process;
each keeps working in some way while Redis does not answer.
"""
