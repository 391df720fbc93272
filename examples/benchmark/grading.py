"""A check of one's own."""

import re

NUMBER = re.compile(r"\d+(?:\.\d+)?")


def same_numbers(input, response):
    """Whether the response holds the reference's numbers, in their order, and no others."""
    return NUMBER.findall(response.text) == NUMBER.findall(input.reference)
