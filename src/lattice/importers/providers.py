"""Model names of other tools as ``provider/model``."""

from __future__ import annotations

STAND_IN = "openai/gpt-5-mini"
"""Named where a file names no model."""

_BUILT_IN = frozenset({"openai", "anthropic"})
# What another tool calls a provider → what the library calls it.
_LIBRARY = {
    "azure": "azure",
    "azureopenai": "azure",
    "bedrock": "bedrock",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks_ai",
    "google": "gemini",
    "grok": "xai",
    "groq": "groq",
    "hf": "huggingface",
    "huggingface": "huggingface",
    "mistral": "mistral",
    "ollama": "ollama",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "replicate": "replicate",
    "together": "together_ai",
    "togetherai": "together_ai",
    "vertex": "vertex_ai",
    "xai": "xai",
}


def spec_of(provider: str, model: str) -> str | None:
    """The model as an evaluation file names it; None where the provider is not known."""
    if not model:
        return None
    if provider in _BUILT_IN:
        return f"{provider}/{model}"
    if provider in _LIBRARY:
        return f"litellm/{_LIBRARY[provider]}/{model}"
    return None


def needs_library(spec: str) -> bool:
    """Whether the extra `providers` is needed for it."""
    return spec.startswith("litellm/")
