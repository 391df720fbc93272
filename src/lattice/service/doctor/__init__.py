"""What is wrong with an installation, and what to do about it: one finding a check, each check bounded in time."""

from lattice.service.doctor.examination import Examination, examine
from lattice.service.doctor.findings import Finding, Standing

__all__ = ["Examination", "Finding", "Standing", "examine"]
