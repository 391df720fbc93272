"""Files that `lattice init` writes."""
