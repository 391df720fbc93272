"""The records that every other room speaks in. Frozen, without I/O, and importing nothing of Lattice's."""
