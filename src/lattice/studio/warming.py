"""What the first pages would wait for, done before anybody asks for them."""

from __future__ import annotations

import gc

from fastapi import FastAPI

from lattice.providers.prices import load_price_list
from lattice.studio.templating import environment

NOWHERE = {"type": "http", "method": "GET", "path": "/nowhere", "root_path": "", "headers": []}
"""A request that no address matches, so that all of them are tried."""


def warm(app: FastAPI, root: str) -> None:
    """Make the table of addresses, compile the templates and read the price list.

    Together they take about a second of CPU, once in a process: before the Studio says its address, since beside the
    first pages they would take longer and make those wait.

    Parameters
    ----------
    root: what the Studio's addresses begin with.
    """
    for route in app.routes:
        route.matches(dict(NOWHERE))
    load_price_list()
    templates = environment(root)
    for name in templates.list_templates():
        templates.get_template(name)
    # All of this lives as long as the process: the garbage collector need not walk over it while a page waits.
    gc.collect()
    gc.freeze()
