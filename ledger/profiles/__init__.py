"""Policy profiles and calendars as data files, and their strict loaders."""
