"""What every handler of the Studio works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from lattice.service.duties import Keeper
from lattice.service.keeping import duties_of
from lattice.service.launching import Launcher, Place
from lattice.service.overview import Overview
from lattice.service.side_by_side import SideBySide
from lattice.store import Store
from lattice.studio.comparing.kept import Kept
from lattice.studio.feeds import Feeds
from lattice.studio.running.conclusions import Conclusions
from lattice.studio.running.drawings import Drawings
from lattice.studio.settings import StudioSettings
from lattice.studio.trials.counts import Counts
from lattice.studio.trials.samples import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """One Studio over one store.

    Parameters
    ----------
    place: where runs are started.
    launcher: starts them, each as a process of its own.
    keeper: sees to what is due in the store, once it is started.
    feeds: what open pages follow.
    overview: how all evaluations stand.
    conclusions: of runs that were not summed up when they stopped.
    drawings: the charts that were made last.
    counts: of results that filters hold for.
    comparisons: of runs, those that were made last.
    samples: of results that people score blind, those that were drawn last.
    """

    settings: StudioSettings
    store: Store
    place: Place
    launcher: Launcher
    keeper: Keeper = field(init=False)
    feeds: Feeds = field(default_factory=Feeds)
    overview: Overview = field(init=False)
    conclusions: Conclusions = field(default_factory=Conclusions)
    drawings: Drawings = field(default_factory=Drawings)
    comparisons: Kept[SideBySide] = field(default_factory=lambda: Kept(8))
    counts: Counts = field(default_factory=Counts)
    samples: Samples = field(default_factory=Samples)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keeper", Keeper(duties_of(self.store, self.launcher)))
        object.__setattr__(self, "overview", Overview(self.store))


def studio_of(request: Request) -> Studio:
    """The Studio that a request is for."""
    found: Studio = request.app.state.studio
    return found


InStudio = Annotated[Studio, Depends(studio_of)]
