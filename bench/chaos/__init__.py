"""Random faults over the whole chain, from a seed, and what must be true when they are over."""
