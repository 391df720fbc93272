"""Who may ask the Studio for what."""
