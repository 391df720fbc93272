from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.core.inputs import Input
from lattice.core.models import Message, ToolCall, Usage
from lattice.core.targets import Answer
from lattice.core.trials import Response
from lattice.targets.python import PythonTarget, build_python_target, load_function


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def ask(function: Callable[[Any], Any], text: str = "Q", *, timeout: float = 5.0, threads: int = 4) -> Response:
    async def once() -> Response:
        target = PythonTarget("T", "mine:answer", function, threads=4)
        try:
            return await target.answer(Input(position=1, id="1", input=text), timeout=timeout)
        finally:
            target.close()

    return asyncio.run(once())


def failure(function: Callable[[Any], Any], *, timeout: float = 5.0) -> CallError:
    with pytest.raises(CallError) as caught:
        ask(function, timeout=timeout)
    return caught.value


def test_a_function_runs_in_a_thread_of_its_own() -> None:
    assert ask(lambda text: f"{text} {threading.current_thread().name}").text == "Q lattice mine:answer"


def test_an_async_function_is_awaited_in_the_loop() -> None:
    async def answer(text: str) -> str:
        await asyncio.sleep(0)
        return f"{text} {threading.current_thread() is threading.main_thread()}"

    assert ask(answer).text == "Q True"


def test_a_function_that_gives_an_awaitable_has_it_awaited() -> None:
    async def later(text: str) -> str:
        return text.lower()

    assert ask(lambda text: later(text)).text == "q"


def test_an_object_with_an_async_call_is_awaited() -> None:
    class Bot:
        async def __call__(self, text: str) -> str:
            return text * 2

    assert ask(Bot()).text == "QQ"


def test_an_answer_carries_more_than_its_text() -> None:
    response = ask(
        lambda text: Answer(
            text,
            usage=Usage(input_tokens=1, output_tokens=2),
            context=["a", "b"],
            cost_usd=0.5,
            model="m",
            tool_calls=[ToolCall(name="f", arguments="{}")],
        )
    )
    assert (response.usage.total_tokens, response.context, response.cost_usd) == (3, ("a", "b"), 0.5)
    assert (response.model, len(response.tool_calls)) == ("m", 1)


def test_a_conversation_arrives_as_mappings() -> None:
    async def once() -> Response:
        target = PythonTarget("T", "mine:answer", lambda messages: messages[-1]["content"])
        conversation = (Message(role="user", content="One"), Message(role="user", content="Two"))
        return await target.answer(Input(position=1, id="1", input=conversation), timeout=5)

    assert asyncio.run(once()).text == "Two"


@pytest.mark.parametrize("given", [None, 5, b"text", ["text"], {"text": "x"}])
def test_anything_but_a_text_or_an_answer_is_a_target_error(given: Any) -> None:
    error = failure(lambda _: given)
    assert error.kind is ErrorKind.TARGET_ERROR
    assert type(given).__name__ in error.message


@pytest.mark.parametrize(
    "fields",
    [
        {"text": 5},
        {"text": "x", "context": "one"},
        {"text": "x", "usage": 3},
        {"text": "x", "tool_calls": [1]},
    ],
)
def test_an_answer_filled_with_something_else_is_a_target_error(fields: dict[str, Any]) -> None:
    assert failure(lambda _: Answer(**fields)).kind is ErrorKind.TARGET_ERROR


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ValueError("no such\nproduct \x1b[31m"), "ValueError: no such product [31m"),
        (KeyError("x"), "KeyError: 'x'"),
        (RuntimeError(), "RuntimeError"),
        (TimeoutError("database"), "TimeoutError: database"),
        (TimeoutError(), "TimeoutError"),
    ],
)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_a_target_raises_is_a_target_error_with_its_type_and_message(
    raised: Exception, message: str, asynchronous: bool
) -> None:
    def blocking(_: str) -> str:
        raise raised

    async def waiting(_: str) -> str:
        raise raised

    error = failure(waiting if asynchronous else blocking)
    assert (error.kind, error.message) == (ErrorKind.TARGET_ERROR, message)


@pytest.mark.parametrize("raised", [SystemExit(1), StopIteration(), asyncio.CancelledError(), KeyboardInterrupt()])
def test_an_exception_that_would_end_a_thread_or_task_is_a_target_error_too(raised: BaseException) -> None:
    def answer(_: str) -> str:
        raise raised

    assert failure(answer).kind is ErrorKind.TARGET_ERROR


def test_an_async_target_that_cancels_itself_does_not_cancel_the_run() -> None:
    async def answer(_: str) -> str:
        raise asyncio.CancelledError

    assert failure(answer).kind is ErrorKind.TARGET_ERROR


def test_a_call_error_of_its_own_is_passed_on() -> None:
    def answer(_: str) -> str:
        raise CallError(ErrorKind.RATE_LIMIT, "slow down", retry_after=2.0)

    error = failure(answer)
    assert (error.kind, error.retry_after) == (ErrorKind.RATE_LIMIT, 2.0)


def test_cancelling_a_trial_cancels_an_async_target() -> None:
    async def answer(_: str) -> str:
        await asyncio.Event().wait()
        return "never"

    async def once() -> None:
        target = PythonTarget("T", "m:f", answer)
        task = asyncio.create_task(target.answer(Input(position=1, id="1", input="Q"), timeout=60))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(once())


def test_a_hanging_function_times_out_and_does_not_take_its_place_along() -> None:
    release = threading.Event()

    def answer(text: str) -> str:
        if text == "hang":
            release.wait(30)
        return text

    async def several() -> tuple[list[ErrorKind], str]:
        target = PythonTarget("T", "m:f", answer, threads=1)
        kinds = []
        for _ in range(3):
            with pytest.raises(CallError, match=r"Timeout after 0\.01s") as caught:
                await target.answer(Input(position=1, id="1", input="hang"), timeout=0.01)
            kinds.append(caught.value.kind)
        response = await target.answer(Input(position=2, id="2", input="quick"), timeout=5)
        release.set()
        target.close()
        return kinds, response.text

    assert asyncio.run(several()) == ([ErrorKind.TIMEOUT] * 3, "quick")


def test_an_async_function_times_out() -> None:
    async def answer(_: str) -> str:
        await asyncio.Event().wait()
        return "never"

    error = failure(answer, timeout=0.01)
    assert (error.kind, error.message) == (ErrorKind.TIMEOUT, "Timeout after 0.01s")


def test_blocking_functions_run_beside_each_other_and_beside_the_loop() -> None:
    barrier = threading.Barrier(3)

    def answer(text: str) -> str:
        barrier.wait(timeout=10)
        return text

    async def several() -> list[str]:
        target = PythonTarget("T", "m:f", answer, threads=3)
        inputs = [Input(position=n, id=str(n), input=str(n)) for n in range(1, 4)]
        given = await asyncio.gather(*(target.answer(input, timeout=10) for input in inputs))
        target.close()
        return [response.text for response in given]

    assert asyncio.run(several()) == ["1", "2", "3"]


def test_no_more_functions_run_at_once_than_there_are_threads() -> None:
    running: list[int] = []
    most: list[int] = []

    def answer(text: str) -> str:
        running.append(1)
        most.append(len(running))
        running.pop()
        return text

    async def many() -> None:
        target = PythonTarget("T", "m:f", answer, threads=1)
        inputs = [Input(position=n, id=str(n), input="x") for n in range(1, 30)]
        await asyncio.gather(*(target.answer(input, timeout=10) for input in inputs))
        target.close()

    asyncio.run(many())
    assert max(most) == 1


def test_a_module_is_found_from_the_folder_and_may_import_its_neighbours_later(folder: Path) -> None:
    (folder / "bot_one.py").write_text("def answer(text):\n    import bot_words\n    return bot_words.WORD + text\n")
    (folder / "bot_words.py").write_text("WORD = 'hello '\n")

    async def once() -> Response:
        target = build_python_target("T", "bot_one:answer", folder)
        assert target.limit.provider == "python:bot_one"
        return await target.answer(Input(position=1, id="1", input="you"), timeout=5)

    assert asyncio.run(once()).text == "hello you"


def test_a_function_may_stand_in_a_package_or_on_a_class(folder: Path) -> None:
    (folder / "bot_pack").mkdir()
    (folder / "bot_pack" / "__init__.py").write_text("")
    source = "class Bot:\n    @staticmethod\n    def ask(t):\n        return t\n"
    (folder / "bot_pack" / "rag.py").write_text(source)
    assert load_function("bot_pack.rag:Bot.ask", folder)("x") == "x"


def test_what_cannot_be_loaded_is_said_clearly(folder: Path) -> None:
    (folder / "bot_bad.py").write_text("raise ValueError('no config')\n")
    (folder / "bot_two.py").write_text("def answer(a, b):\n    return a\n\nVALUE = 3\n")
    for reference, words in {
        "bot_missing:answer": "importing bot_missing failed: ModuleNotFoundError",
        "bot_bad:answer": "ValueError: no config",
        "bot_two:other": "has no function other",
        "bot_two:VALUE": "has no function VALUE",
        "bot_two:answer": "one argument",
    }.items():
        with pytest.raises(UsageError) as caught:
            load_function(reference, folder)
        assert words in str(caught.value)


def test_another_module_of_the_same_name_is_not_used_silently(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "bot_same.py").write_text(f"def answer(t):\n    return {name!r}\n")
    assert load_function("bot_same:answer", folder / "a")("x") == "a"
    with pytest.raises(UsageError, match="imported from"):
        load_function("bot_same:answer", folder / "b")
    assert load_function("bot_same:answer", folder / "a")("x") == "a"
