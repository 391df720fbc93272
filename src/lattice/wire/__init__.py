"""What every call over the network shares: the session, headers, failures, and sandboxed templates."""
