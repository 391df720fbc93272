"""Language models behind one contract: OpenAI's and Anthropic's wire formats, a local model, a simulated
one.
"""

from lattice.providers.checks import check_model
from lattice.providers.factory import ModelFactory
from lattice.providers.prices import Prices, is_priced

__all__ = ["ModelFactory", "Prices", "check_model", "is_priced"]
