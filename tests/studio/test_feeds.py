"""Open pages get what has changed, and only while they are open."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator

import pytest
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
        if text == "defect":
            raise KeyError("a part")
        if text == "trouble":
            raise StoreError("the store is busy")
        return Glance(parts={"count": text, "title": "always"})


async def read(stream: AsyncIterator[bytes], events: int) -> list[tuple[str | None, str, str]]:
    """The next events as (id, name, data)."""
    found: list[tuple[str | None, str, str]] = []
    async for chunk in stream:
        for part in chunk.decode().strip().split("\n\n"):
            fields: dict[str, list[str]] = {}
            for line in part.split("\n"):
                key, _, value = line.partition(": ")
                fields.setdefault(key, []).append(value)
            found.append((fields.get("id", [None])[0], fields["event"][0], "\n".join(fields["data"])))
        if len(found) >= events:
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


def test_a_connection_that_breaks_between_two_parts_has_missed_the_second() -> None:
    async def main() -> None:
        feeds, counter = Feeds(), Counter("1")
        feed = feeds.feed("x", lambda: Feed(counter, every=60))
        marks = [mark for mark, _, _ in await read(feeds.events([feed], None), 2)]
        assert marks[0] is None
        assert marks[1] is not None

    asyncio.run(main())


@pytest.mark.parametrize("mark", ["other-5", "00000000.1", "{name}.9" + "9" * 5000, "{name}.\u00b2", "-", "{name}", ""])
def test_a_mark_that_no_feed_gave_gives_everything(mark: str) -> None:
    async def main() -> None:
        feeds, counter = Feeds(), Counter("1")
        feed = feeds.feed("x", lambda: Feed(counter, every=60))
        name = feed.mark.partition(".")[0]
        assert len(await read(feeds.events([feed], mark.replace("{name}", name)), 2)) == 2

    asyncio.run(main())


def test_a_mark_says_nothing_about_a_feed_that_was_made_anew() -> None:
    async def main() -> None:
        feeds = Feeds()
        mark = (await read(feeds.events([Feed(Counter("running"), every=60)], None), 2))[-1][0]
        anew = Feed(Counter("completed"), every=60)
        await read(feeds.events([anew], None), 2)
        got = await read(feeds.events([anew], mark), 2)
        assert [data for _, name, data in got if name == "count"] == ["completed"]

    asyncio.run(main())


def test_pages_share_a_feed_whatever_else_each_follows() -> None:
    async def main() -> None:
        feeds, counter, running = Feeds(), Counter("1"), Counter("1")
        streams = []
        for _ in range(5):
            feed = feeds.feed("x", lambda: Feed(counter, every=60))
            streams.append(feeds.events([feeds.feed("running", lambda: Feed(running, every=60)), feed], None))
        await asyncio.gather(*(read(stream, 4) for stream in streams))
        assert (counter.looks, running.looks) == (1, 1)

    asyncio.run(main())


def test_a_defect_is_logged_once_and_the_next_look_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        feeds = Feeds()
        feed = feeds.feed("x", lambda: Feed(Counter("defect", "defect", "1"), every=0.001))
        assert [data for _, name, data in await read(feeds.events([feed], None), 2) if name == "count"] == ["1"]

    asyncio.run(main())
    assert [record.getMessage() for record in caplog.records] == ["a page cannot be kept current"]


def test_a_server_that_stops_ends_every_stream() -> None:
    async def main() -> None:
        feeds = Feeds()
        stream = feeds.events([feeds.feed("x", lambda: Feed(Counter("1"), every=60))], None)
        await anext(stream)
        feeds.close()
        assert [chunk async for chunk in stream] == []
        assert [chunk async for chunk in feeds.events([feeds.feed("x", lambda: Feed(Counter("1")))], None)] == []

    asyncio.run(main())


def test_nothing_is_kept_of_what_nobody_holds() -> None:
    feeds, made = Feeds(), 0

    def make() -> Feed:
        nonlocal made
        made += 1
        return Feed(Counter("1"))

    feeds.feed("x", make)
    gc.collect()
    feeds.feed("x", make)
    assert made == 2


def test_one_thing_is_never_looked_at_twice_at_once() -> None:
    together, most = 0, 0
    lock, begun, go_on = threading.Lock(), threading.Event(), threading.Event()

    def look() -> Glance:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        begun.set()
        go_on.wait(5)
        with lock:
            together -= 1
        return Glance(parts={"x": "1"})

    async def main() -> None:
        feed = Feed(look, every=60)
        with feed.followed(asyncio.Event()):
            await asyncio.to_thread(begun.wait, 5)
        bell = asyncio.Event()
        with feed.followed(bell):
            await asyncio.sleep(0)
            go_on.set()
            await bell.wait()

    asyncio.run(main())
    assert most == 1


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
        assert feed.is_followed
        await stream.aclose()  # type: ignore[attr-defined]
        assert not feed.is_followed
        assert [
            task for task in asyncio.all_tasks() if task.get_name() == "lattice-feed" and not task.cancelling()
        ] == []

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
