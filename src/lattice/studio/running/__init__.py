"""One run as its page shows it, live and finished."""
