"""The change log: what has changed, in one order for all processes.

This package holds the log of a process that is alone, the form of an entry in Redis, and the names of topics and
event types. The log of several processes is in `lco.redis_backends.change_log`. What a change means to a page is
not decided here but in `lco.live`.
"""
