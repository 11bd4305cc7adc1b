"""Values to signed and stored bytes and back; nothing else makes bytes."""
