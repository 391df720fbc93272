"""What the first pages would wait for, done before anybody asks for them."""

from __future__ import annotations

import gc

from fastapi import FastAPI

from lattice.providers.prices import load_price_list
from lattice.studio.templating import environment

NOWHERE = {"type": "http", "method": "GET", "path": "/nowhere", "root_path": "", "headers": []}
"""A request that no address matches, so that all of them are tried."""

_FIRST = ("evaluations/", "run/", "results/", "evaluation/", "compare/")
"""Templates of the pages that people open first."""


def warm(app: FastAPI, root: str) -> None:
    """Make the table of addresses, compile the templates and read the price list.

    Together they take more than a second of CPU, once in a process. Whatever a page needs sooner it makes itself.

    Parameters
    ----------
    root: what the Studio's addresses begin with.
    """
    for route in app.routes:
        route.matches(dict(NOWHERE))
    load_price_list()
    templates = environment(root)
    for name in sorted(templates.list_templates(), key=lambda name: not name.startswith(_FIRST)):
        templates.get_template(name)
    # All of this lives as long as the process: the garbage collector need not walk over it while a page waits.
    gc.collect()
    gc.freeze()
