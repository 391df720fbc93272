"""The web Studio: pages, the REST API and their protection; one process, no other service."""
