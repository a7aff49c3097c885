"""Events, items, users, relations: what they look like, how they come in, how they are cleaned."""
