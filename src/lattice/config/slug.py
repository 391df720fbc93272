"""An evaluation's name as it stands in addresses and commands."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_LONGEST = 80


def slug(name: str) -> str:
    """Lowercase letters, digits and dashes: ``RAG Pipeline`` gives ``rag-pipeline``.

    Letters of every script are kept; a name without any letter or digit gives ``evaluation-`` and a short
    digest of it. A slug's own slug is itself.
    """
    # Decomposed, so that accents come off Latin letters, then composed, so that other scripts stay whole.
    plain = unicodedata.normalize("NFKD", name.casefold())
    latin = re.sub(r"([a-z])[̀-ͯ]+", r"\1", plain)
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", latin).casefold())
    text = "-".join(words)
    if not text:
        return f"evaluation-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
    if len(text) > _LONGEST:
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        text = f"{text[: _LONGEST - 9].rstrip('-')}-{digest}"
    return text
