"""Carries a run out: what is left to do, how calls are made and repeated, when to stop, what is known so far."""
