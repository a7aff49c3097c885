"""How things are learned: held-out moments, mixtures, batches, losses and the loop."""
