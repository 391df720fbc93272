"""Open pages get what has changed, and only while they are open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import StoreError
from lattice.studio.feeds import Feed, Feeds, Glance, event


class Counter:
    """Something that is looked at: it changes with each look, up to a point."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.looks = 0

    def __call__(self) -> Glance:
        text = self.texts[min(self.looks, len(self.texts) - 1)]
        self.looks += 1
        if text == "trouble":
            raise StoreError("the store is busy")
        return Glance(parts={"count": text, "title": "always"})


async def read(stream: AsyncIterator[bytes], events: int) -> list[tuple[str, str, str]]:
    """The next events as (id, name, data)."""
    found = []
    async for chunk in stream:
        fields: dict[str, list[str]] = {}
        for line in chunk.decode().strip().split("\n"):
            key, _, value = line.partition(": ")
            fields.setdefault(key, []).append(value)
        found.append((fields["id"][0], fields["event"][0], "\n".join(fields["data"])))
        if len(found) == events:
            return found
    return found


def test_a_follower_gets_all_parts_first_and_then_what_changes() -> None:
    async def main() -> None:
        feeds, counter = Feeds(), Counter("1", "1", "2")
        feed = feeds.feed("x", lambda: Feed(counter, every=0.001))
        got = await read(feeds.events([feed], None), 3)
        assert [(name, data) for _, name, data in got] == [("count", "1"), ("title", "always"), ("count", "2")]

    asyncio.run(main())


def test_many_followers_cost_one_look() -> None:
    async def main() -> None:
        feeds, counter = Feeds(), Counter("1")
        feed = feeds.feed("x", lambda: Feed(counter, every=60))
        got = await asyncio.gather(*(read(feeds.events([feed], None), 2) for _ in range(20)))
        assert all(len(each) == 2 for each in got)
        assert counter.looks == 1

    asyncio.run(main())


def test_a_page_that_comes_back_is_sent_only_what_it_has_missed() -> None:
    async def main() -> None:
        feeds, counter = Feeds(), Counter("1")
        feed = feeds.feed("x", lambda: Feed(counter, every=0.001))
        stays = feeds.events([feed], None)
        last = (await read(stays, 2))[-1][0]
        counter.texts = ("2",)
        await read(stays, 1)
        missed = await read(feeds.events([feed], last), 1)
        assert [(name, data) for _, name, data in missed] == [("count", "2")]

    asyncio.run(main())


def test_the_mark_of_another_server_gives_everything() -> None:
    async def main() -> None:
        feeds, counter = Feeds(), Counter("1")
        for mark in ("other-5", f"{feeds.epoch}-999", f"{feeds.epoch}", "-", f"{feeds.epoch}-x"):
            feed = feeds.feed(mark, lambda: Feed(counter, every=60))
            assert len(await read(feeds.events([feed], mark), 2)) == 2

    asyncio.run(main())


def test_a_store_that_is_busy_for_a_moment_ends_nothing() -> None:
    async def main() -> None:
        feeds = Feeds()
        feed = feeds.feed("x", lambda: Feed(Counter("trouble", "1"), every=0.001))
        assert [data for _, name, data in await read(feeds.events([feed], None), 2) if name == "count"] == ["1"]

    asyncio.run(main())


def test_nobody_looks_when_nobody_follows() -> None:
    async def main() -> None:
        feeds, counter = Feeds(), Counter("1")
        feed = feeds.feed("x", lambda: Feed(counter, every=0.001))
        stream = feeds.events([feed], None)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        assert not feed.is_followed
        looks = counter.looks
        await asyncio.sleep(0.02)
        assert counter.looks <= looks + 1

    asyncio.run(main())


@given(st.text(max_size=60))
def test_text_of_any_kind_stays_within_its_event(text: str) -> None:
    sent = event("part", text, "m").decode()
    head, _, rest = sent.partition("\n")
    assert head == "id: m"
    assert rest.startswith("event: part\n")
    assert sent.endswith("\n\n")
    assert "\n\n" not in sent[:-2]
    assert all(line.startswith("data: ") for line in rest.removesuffix("\n\n").split("\n")[1:])
