"""How things are learned: held-out moments, mixtures, closed forms, batches, losses and the loop."""
