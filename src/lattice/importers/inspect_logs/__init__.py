"""Logs of Inspect, as JSON and as ``.eval`` archives.

Source: https://inspect.aisi.org.uk/eval-logs.html and https://inspect.aisi.org.uk/reference/inspect_ai.log.html
"""

from lattice.importers.inspect_logs.archive import is_archive
from lattice.importers.inspect_logs.logs import import_log, is_log

__all__ = ["import_log", "is_archive", "is_log"]
