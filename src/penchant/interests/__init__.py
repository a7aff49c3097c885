"""The model of what a person is interested in: layers, their fusion, and profiles."""
