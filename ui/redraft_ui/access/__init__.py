"""Who may come in: signing in, sessions, headers, limits, and the page where people are managed."""
