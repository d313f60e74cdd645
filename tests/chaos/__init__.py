"""Real processes, killed and stopped while jobs are under way."""
