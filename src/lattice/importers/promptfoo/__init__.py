"""Configurations of promptfoo: prompts, providers and tests, as YAML or JSON.

Source: https://www.promptfoo.dev/docs/configuration/reference/
"""

from lattice.importers.promptfoo.configuration import CONFIGURATIONS, import_configuration, is_configuration

__all__ = ["CONFIGURATIONS", "import_configuration", "is_configuration"]
