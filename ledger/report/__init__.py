"""Values to tables and files."""
