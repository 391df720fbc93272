"""OpenAI Evals, the hosted product: evals, runs and output items as its API gives them."""

from lattice.importers.openai.evals import import_evals

__all__ = ["import_evals"]
