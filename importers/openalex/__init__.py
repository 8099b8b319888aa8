"""OpenAlex snapshots: files, records and how they become rows."""
