"""Runs side by side on one page: what is asked for, the numbers, the rows, and runs that go on."""
