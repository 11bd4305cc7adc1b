"""Plays a programme year through a real server: demonstrations and scenarios."""
