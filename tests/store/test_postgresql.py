"""What is PostgreSQL's own: where a store may be, who waits for whom, and what its refusals say."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import literal, select, update
from tests.crash.processes import eventually
from tests.postgresql import Server
from tests.store.making import NEVER, Counts, first, make_run, scored, started

from lattice.core.errors import LatticeError, StoreError, UsageError
from lattice.core.runs import RunStatus
from lattice.store import Store, open_store
from lattice.store import results as reading
from lattice.store.database import Database
from lattice.store.dialects import dialect_of
from lattice.store.migrating import upgrade
from lattice.store.postgresql import PostgreSQL
from lattice.store.refusals import meaning_of
from lattice.store.schema import Text, metadata, runs
from lattice.store.text import encode_text

SECRET = "s3cret/p@ss"


@pytest.fixture
def shared(postgresql_url: str) -> Iterator[Store]:
    with open_store(postgresql_url) as store:
        yield store


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://u@h/d?sync=full", "unknown option in the store's URL: sync; there are busy_timeout, pool_size"),
        ("postgresql://u@h/d?synchronous=full", "unknown option in the store's URL: synchronous"),
        ("postgresql://u@h/d?pool_size=2", "pool_size=2 in the store's URL is not a number of connections; 3 or more"),
        ("postgres://u@h/d?pool_size=many", "pool_size=many in the store's URL is not a number of connections"),
        ("postgresql://u@h/d?busy_timeout=long", "busy_timeout=long in the store's URL is not a number"),
        (
            "postgresql://u:s3cret@h:port/d",
            "'postgresql:…' is not the URL of a store; write sqlite:///PATH or postgres",
        ),
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        dialect_of(url)
    assert "s3cret" not in str(refused.value)


def test_a_password_is_neither_shown_nor_in_any_representation() -> None:
    dialect = dialect_of(
        "postgres://ann:s3cret@db.example.com:5433/evals?sslmode=require&pool_size=5&sslpassword=s3cret"
    )
    assert isinstance(dialect, PostgreSQL)
    assert (dialect.place, dialect.pool_size) == ("postgresql://ann@db.example.com:5433/evals", 5)
    assert dialect.parameters["sslmode"] == "require"
    assert "s3cret" not in repr(dialect)
    assert str(dialect.explain(psycopg.OperationalError("no connection for s3cret"))).count("s3cret") == 0


def test_several_hosts_are_handed_on() -> None:
    dialect = dialect_of("postgresql://ann@/evals?host=one&host=two&target_session_attrs=read-write")
    assert isinstance(dialect, PostgreSQL)
    assert dialect.parameters["host"] == "one,two"


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"run: pip install 'lattice-evals\[postgresql\]'"):
        dialect_of("postgresql://ann@db.example.com/evals")


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as refused:
        open_store(url)
    assert SECRET not in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_server_that_is_not_there_is_said(postgresql: Server) -> None:
    assert "cannot be reached" in refusal("postgresql://ann:s3cret@127.0.0.1:1/evals")
    assert "cannot be reached" in refusal("postgresql://ann:s3cret@no.such.host.invalid/evals")
    absent = postgresql.url("absent", password=SECRET)
    assert "database \"absent\" does not exist; make it with 'createdb'" in refusal(absent)


def test_a_user_or_password_that_is_refused_is_said(postgresql: Server) -> None:
    assert "lets this user not in: " in refusal(postgresql.url(postgresql.shared, user="nobody", password=SECRET))
    refused = psycopg.OperationalError('FATAL: password authentication failed for user "ann"')
    assert "look at the user in the URL" in meaning_of(refused)


def test_a_user_without_rights_is_told_which_one(postgresql: Server) -> None:
    name = postgresql.database()
    postgresql.run("CREATE ROLE guest LOGIN")
    assert "lacks a right: permission denied for schema public" in refusal(postgresql.url(name, user="guest"))
    postgresql.run("DROP ROLE guest")


def test_a_reader_may_read_and_is_told_that_it_may_not_write(postgresql: Server, shared: Store) -> None:
    run = make_run(shared)
    postgresql.run("CREATE ROLE reader LOGIN")
    postgresql.run("ALTER ROLE reader SET default_transaction_read_only = on")
    postgresql.run("GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO reader", postgresql.shared)
    with open_store(postgresql.url(postgresql.shared, user="reader")) as store:
        assert store.find_run("latest").id == run.id
        with pytest.raises(StoreError, match="is read-only for this user or on this server"):
            store.claim(run.key)
    postgresql.run("DROP OWNED BY reader", postgresql.shared)
    postgresql.run("DROP ROLE reader")


def test_a_database_that_cannot_hold_every_text_is_refused(postgresql: Server) -> None:
    latin = postgresql.database("ENCODING 'LATIN1' LOCALE 'C'")
    assert "is encoded in LATIN1, which has no place for every text" in refusal(postgresql.url(latin))


def test_an_old_server_is_refused() -> None:
    dialect = dialect_of("postgresql://ann@db.example.com/evals")
    assert isinstance(dialect, PostgreSQL)

    class Old:
        server_version = 120_015

    with pytest.raises(StoreError, match="is PostgreSQL 12; Lattice needs 13 or newer"):
        dialect._refuse_unfit(Old())


def test_too_many_connections_are_said(postgresql: Server) -> None:
    name = postgresql.database("CONNECTION LIMIT 1")
    postgresql.run("CREATE ROLE crowd LOGIN")
    postgresql.run(f"ALTER DATABASE {name} OWNER TO crowd")
    url = postgresql.url(name, user="crowd")
    with open_store(url), pytest.raises(StoreError, match=r"takes no more connections .* fewer by .pool_size=5"):
        open_store(url)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (psycopg.errors.DiskFull(), "the disk of its server is full. What was committed is kept; make room"),
        (psycopg.errors.AdminShutdown(), "the connection to .* is lost"),
        (psycopg.errors.LockNotAvailable(), "locked by another process"),
        (psycopg.errors.QueryCanceled(), "statement_timeout"),
        (psycopg.errors.DeadlockDetected(), "try again"),
        (psycopg.errors.DataCorrupted(), "restore it from a backup"),
        (psycopg.errors.NumericValueOutOfRange(), "larger than the store"),
        (psycopg.OperationalError("the connection is closed"), "the connection to .* is lost"),
        (psycopg.OperationalError("FATAL:  sorry, too many clients already"), "takes no more connections"),
        (psycopg.OperationalError("connection timeout expired"), "cannot be reached"),
        (psycopg.errors.SyntaxError("oh"), "refused"),
    ],
)
def test_each_refusal_has_a_meaning(error: BaseException, meaning: str) -> None:
    dialect = dialect_of("postgresql://ann@db.example.com/evals")
    with pytest.raises(StoreError, match=meaning):
        raise dialect.explain(error)


def test_a_writer_whose_server_goes_away_says_so_and_the_run_can_be_resumed(postgresql: Server, shared: Store) -> None:
    run = make_run(shared)

    async def carry_out() -> None:
        broken: asyncio.Queue[StoreError] = asyncio.Queue()
        claim = shared.claim(run.key)
        writer = shared.writer(run.key, claim, Counts(10), on_error=broken.put_nowait, pace=NEVER)
        writer.start()
        await writer.put_result(scored(first(1)))
        postgresql.disconnect(postgresql.shared)
        with pytest.raises(StoreError, match=r"is lost .*What was committed is kept; see that the server runs"):
            await writer.put_result(scored(first(2)))
        assert "is lost" in str(await broken.get())
        await writer.close()

    asyncio.run(carry_out())
    assert list(shared.finished(run.key)) == [first(1)]


def test_a_pool_gets_over_a_server_that_was_restarted(postgresql: Server, shared: Store) -> None:
    run = make_run(shared)
    postgresql.disconnect(postgresql.shared)
    assert shared.run(run.key).id == run.id


def test_commits_of_one_run_do_not_wait_for_who_writes_elsewhere(shared: Store) -> None:
    one, other = make_run(shared), make_run(shared, name="Another")

    async def carry_out() -> None:
        writer = started(shared, one, shared.claim(one.key))
        with shared._database.write() as connection:
            connection.execute(update(runs).where(runs.c.key == other.key).values(tags=None))
            assert await writer.put_result(scored(first(1))) == 1
        await writer.close()

    asyncio.run(asyncio.wait_for(carry_out(), 20))


def test_a_claim_waits_for_a_commit_of_the_run_and_finds_what_it_left(shared: Store, postgresql_url: str) -> None:
    """A process that was given up, since it was silent, commits at the very moment in which another takes over."""
    run = make_run(shared)
    claim = shared.claim(run.key)
    own = runs.c.key == run.key
    with open_store(postgresql_url) as other, ThreadPoolExecutor(1) as pool:
        with shared._database.connection() as silent, silent.begin():
            # It ends the run, and lets go of it.
            ended = update(runs).where(own, runs.c.claim_token == claim.token)
            silent.execute(ended.values(status=RunStatus.COMPLETED.value, claim_token=None, revision=3))
            taking = pool.submit(other.claim, run.key, again=True)
            eventually(lambda: waits(shared), "the other process to wait")
            assert not taking.done()
        assert taking.result(20).token != claim.token
    assert shared.run(run.key).revision == 4


def waits(store: Store) -> bool:
    """Whether somebody waits for a lock of another one."""
    with store._database.read() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(found.scalar_one())


def test_several_may_open_an_empty_database_at_the_same_moment(postgresql: Server) -> None:
    url, together = postgresql.url(postgresql.database()), Barrier(4)

    def opened() -> int:
        together.wait()
        with open_store(url) as store:
            return len(store.runs())

    with ThreadPoolExecutor(4) as pool:
        assert [each.result() for each in [pool.submit(opened) for _ in range(4)]] == [0] * 4


def test_a_database_of_something_else_is_left_alone(postgresql: Server) -> None:
    name = postgresql.database()
    postgresql.run("CREATE TABLE recipes (name TEXT)", name)
    assert "is a database of something else (table recipes)" in refusal(postgresql.url(name))


def test_a_schema_of_its_own_keeps_a_store_apart(postgresql: Server, shared: Store) -> None:
    make_run(shared)
    postgresql.run("CREATE SCHEMA apart", postgresql.shared)
    url = f"{postgresql.url(postgresql.shared)}&options=-csearch_path%3Dapart"
    with open_store(url) as store:
        assert store.runs() == []
        make_run(store)
    assert len(shared.runs()) == 1
    postgresql.run("DROP SCHEMA apart CASCADE", postgresql.shared)


def test_the_migrations_give_the_schema_here_as_well(postgresql: Server) -> None:
    migrated = Database(dialect_of(postgresql.url(postgresql.database())))
    with migrated.write() as connection:
        upgrade(connection)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    migrated.close()


def test_texts_are_ordered_and_found_by_their_letters_whatever_the_locale(postgresql: Server) -> None:
    with open_store(postgresql.url(postgresql.database("LOCALE 'C.UTF-8'"))) as store:
        for name in ("b", "B", "a", "_", "é", "Z"):
            make_run(store, name=name)
        with store._database.read() as connection:
            ordered = connection.exec_driver_sql("SELECT name FROM evaluations ORDER BY name").scalars().all()
    assert ordered == sorted(ordered)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("GRÖSSE", "Die Größe zählt"),
        ("größe", "DIE GRÖSSE"),
        ("ΟΔΟΣ", "μια οδος, μια οδός"),
        ("ﬁnö", "FINÖ"),
        ("straße (a.b*)?", "Strasse (A.B*)? [x]"),
        ("é\x00", "É\x00"),
        ("100%_é", "100%_É"),
        ("日本", "これは日本語です"),
        ("x" * 600 + "é", "x" * 600 + "é"),
    ],
)
def test_a_part_of_a_text_is_found_in_any_case(shared: Store, part: str, text: str) -> None:
    assert found(shared, part, text)
    assert not found(shared, part, "Something else: grose, finn, 100 or strase")


def found(store: Store, part: str, text: str) -> bool:
    holds = store._database.dialect.contains(literal(encode_text(text), Text), part)
    with store._database.read() as connection:
        return bool(connection.execute(select(holds)).scalar_one())


def test_more_results_are_read_at_once_than_one_statement_asks_for(
    shared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement takes 65,535 parameters at most."""
    monkeypatch.setattr(reading, "_KEYS_AT_ONCE", 7)
    run = make_run(shared, inputs=50)

    async def carry_out() -> None:
        writer = started(shared, run, shared.claim(run.key))
        await asyncio.gather(*(writer.put_result(scored(first(position))) for position in range(1, 51)))
        await writer.close()

    asyncio.run(carry_out())
    assert [row.key.position for row in shared.results(run.key, limit=None)] == list(range(1, 51))


def test_numbers_that_no_column_holds_are_refused_as_such(shared: Store) -> None:
    run = make_run(shared)
    with pytest.raises(LatticeError, match="larger than the store"):
        shared.stored_response(run.key, first(2**40))
