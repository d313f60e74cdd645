"""What every job goes through: record, transitions, events and outputs, kept in Redis."""
