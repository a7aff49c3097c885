"""Penchant and its peers on the same split, with the same filter, ties and metrics.

parts    cut a log as `penchant evaluate` does, and write the parts down for other processes
lists    what a recommender answers: the best items of each moment, and their ranks
measure  figures with intervals from lists
ours     Penchant and its own baselines
peers    other packages, in their own environment
settings what each peer was tuned to
table    docs/benchmarks.md from the result files
"""
