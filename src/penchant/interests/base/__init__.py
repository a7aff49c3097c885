"""The base layer: what a person has long liked."""
