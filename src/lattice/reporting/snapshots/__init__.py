"""A run as a file that any workspace can take in again, and that says the same for ever.

``lines``         one input, result, response or failed call as JSON, written and read
``identity``      what a run is beside its configuration, its inputs and its results
``manifest``      the table of contents of a ``.lattice`` file
``opening``       reading one, whatever somebody may have put in it
``documents``     reading the full JSON export
``verification``  whether a file still says what was written

Writing is a matter of the formats in `lattice.reporting.exports`.
"""
