"""``python -m lattice``."""

from lattice.cli import main

main()
