"""Parts of long lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query

LONGEST_PAGE = 500
FURTHEST = 2**31 - 1

Each = TypeVar("Each")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list."""

    offset: int
    limit: int

    def of(self, rows: Sequence[Each]) -> Sequence[Each]:
        """The part of a whole list."""
        return rows[self.offset : self.offset + self.limit]

    def as_json(self, total: int) -> dict[str, int]:
        """What stands beside the part."""
        return {"total": total, "offset": self.offset, "limit": self.limit}


def _page(
    offset: Annotated[int, Query(description="how many are passed over", ge=0, le=FURTHEST)] = 0,
    limit: Annotated[int, Query(description="how many are given at most", ge=1, le=LONGEST_PAGE)] = 50,
) -> Page:
    return Page(offset=offset, limit=limit)


InPage = Annotated[Page, Depends(_page)]
