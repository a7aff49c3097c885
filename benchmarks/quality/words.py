"""What the page of benchmarks says besides figures."""

from benchmarks.results_table import ODD as ODD

INTRO = """# Penchant and its peers

Made by `python -m benchmarks.quality` and written by its `--table` from the files in
`benchmarks/quality/results/`; no figure here is typed. [Compare with other
packages](how-to/compare-with-peers.md) says how to run it.

**Protocol.** Penchant's own code cuts each log: `last` leaves each user's last event out, `time`
cuts at one moment (the last tenth of the events) and asks for everything after it. Everyone is
asked about the same users at the same moments with the same filter: items already had are no
candidates unless people repeat in that set. Every model gives its 100 best of the whole catalogue;
one code computes all figures from those lists, and ties count against. Inside a tie of time the
order is fixed and meaningless ([decision 0003](decisions/0003-ties-are-unordered.md)), so figures
differ from publications that take the file's order there. Intervals are 95 % bootstrap intervals
over users; a lead is the mean difference over the same users, bold where its interval excludes
zero.

**Tuning.** A validation part is cut out of the training part in the same way. Each peer tries
settings in a fixed order, the best published ones first, for the same number of minutes of
processor time, epochs by early stopping; then it learns anew from the whole training part with the
best ones, which are kept in `benchmarks/quality/settings/`. Penchant runs with its defaults and is
not tuned; its own baselines (`baseline …`) choose among at most six settings. The test part is
asked once."""

PEERS = """- **implicit**: item kNN (TF-IDF, BM25, cosine), ALS, BPR.
- **RecTools**: popularity, recent popularity, EASE, SASRec with sampled softmax, eSASRec (LiGR
  layers and sampled softmax), HSTU with time and position bias, BERT4Rec.

They learn from the events that speak for their item. A user without any such event cannot be
served by them and gets what is popular; column *filled* counts these. Items without a training
event cannot be shown by any of them."""

NOTES = """Transformers of RecTools learn with `peers/fast.py`, which skips positions that have no
target: the same loss and draws as RecTools' own step (the verb `same` checks it), in less
time, so that they get further within their minutes.

*fit* is the last fit alone (with encoding and tree for Penchant), in processor time; *to best* the
time until the best figure in validation with the settings that were taken, without judging; *peak*
the highest resident memory of the process; *tried* the number of settings that the budget had room
for, † where the best one still rose when its time was over (more minutes would serve it); *filled*
the lists that were filled by popularity."""

COLD = """*Cold items alone*: users with a target that had no training event, judged by such targets
only, which have to be found in the whole catalogue; *users with a cold item among others*: the same
users, judged by all their targets; *cold users*: those without any event before they are asked."""

COST = """On `{set}`, `{split}`, in one run on the same {cores} core(s): tuned RecTools SASRec has
validation NDCG@10 {target:.4f} at best, and gets there in **{theirs:,.0f} s**{stock}. Penchant
reaches it after **{ours:,.0f} s** with encoding of texts, tree and everything else, {model:,.0f} s
for the model alone: {times:.1f} times as fast. Penchant's fit in full: {full:,.0f} s, validation
NDCG@10 {quality:.4f}, peak memory {memory:.1f} GB."""
