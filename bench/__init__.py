"""Measurements beside a yardstick, taken in the same run on the same machine: what counts is the ratio."""
