"""The dynamic layer: where a person is heading now."""
