"""Numbered steps from an empty database to today's tables; a step, once released, never changes."""
