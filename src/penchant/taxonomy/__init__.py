"""Vectors → a named tree of interests: tree, cluster, given, assign, name, align, grow."""
