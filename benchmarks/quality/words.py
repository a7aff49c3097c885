"""What the page of benchmarks says besides figures."""

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
not tuned; its own baselines (`baseline …`) choose among at most six settings. No setting is chosen
by a test part. Peers and baselines are asked there once; Penchant is asked anew when its model has
changed, and the [decisions](decisions/README.md) say where such a look led back to validation."""

PEERS = """- **implicit**: item kNN (TF-IDF, BM25, cosine), ALS, BPR.
- **RecTools**: popularity, recent popularity, EASE, SASRec with sampled softmax, eSASRec (LiGR
  layers and sampled softmax), HSTU with time and position bias, BERT4Rec.

A set names the ones that were not run on it yet: the best of the others is the best of those that
were. They learn from the events that speak for their item. A user without any such event cannot be
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

CLOSE = """Where Penchant is less than a tenth ahead of the best of the others, group by group;
each group has its own best one. *history*: number of events before the question; *cold users*
have none; *cold items*: something came that had no event in training. `movietweetings` `time` is
new films, hours old: what is popular now leads in every group, and little about a person helps.
In `stackexchange` `last` people come back to what they had been at, and a count of it is near.
In `xwines` eSASRec, which reads nothing but sequences, learns most of what all layers know
together: the others add less than a tenth."""

TOGETHER = """What the best of the others knows that Penchant does not: its scores, as widely
scattered, added to Penchant's (of the first seed) with the one of six weights, nothing among them,
that is best for these very users: who has to choose the weight beforehand gains less. A dash: lists
of both are not at hand."""

LAYERS = """NDCG@10 of each layer alone and of the whole, all from one fit; the lead of the whole
over the best of its layers is over the same users. A layer alone answers worse than it could: base
and dynamic learn what popularity does not know."""

COST = """On `{set}`, `{split}`, one after the other on the same {cores} core(s): RecTools SASRec,
which had validation NDCG@10 {target:.4f} when it was tuned, has {their_best:.4f} at best here,
after **{theirs:,.0f} s** ({their_epochs} epochs){stock}. Penchant's base layer and popularity alone
have {early[quality]:.4f} after {early[seconds]:,.0f} s, Penchant in full has {full[quality]:.4f}
after {full[seconds]:,.0f} s ({full[model]:,.0f} s without encoding of texts and tree; peak memory
{full[memory]:.1f} GiB)."""

PAST = """So it is past what SASRec was tuned to after **{ours:,.0f} s, {times:.1f} times as
fast**, and done {times_full:.1f} times as fast."""

CHEAP = """On `{set}`, {cores} core(s), Penchant is past what RecTools' SASRec was tuned to after
{ours:,.0f} s; SASRec needs [{times:.0f} times as long](docs/benchmarks.md#cost) for its own best. A
whole fit, texts included, takes {full[seconds]:,.0f} s.

"""

SHORT = "So it does not reach what SASRec was tuned to."

HAND = """The main job by hand, for any of the sets:

```console
$ penchant -w shop add ../shared/data/xwines
$ penchant -w shop fit
$ penchant -w shop interests 1200775
$ penchant -w shop recommend 1200775 --explain
$ penchant -w shop evaluate --split time
```"""

ODD = {
    "amazon-beauty": "39 % of events share their user's day; inside a day the file is sorted by "
    "item id: taken as the order of acts, that order gives the answer away (see decision 0003). "
    "`brand` is empty throughout; the first category is the same for every item.",
    "xwines": "No repeats, ratings over ten years: nearly everything that helps is behaviour, the "
    "text of a wine says little about who will drink it next.",
    "movietweetings": "Eight months of new films: what is popular now matters most; half of all "
    "users have two events or fewer. Titles and genres only.",
    "grocery": "A sample of receipt lines: 20,902 items for 75,000 events, five of them without "
    "a description, demographics for a third of the households. People repeat.",
    "online-retail": "A third of purchases are repeats; wholesale baskets of hundreds of lines at "
    "one timestamp; 5,222 lines that are equal in every column count once. The raw file (no "
    "customer on 135,080 rows, ids as `17850.0`, cancellations, postage and fees among the goods) "
    "is left by its reader with the same 404,909 events as the clean copy.",
    "stackexchange": "Nine tenths of what people turned to after the cut were questions that "
    "nobody had met: who does not rank the new cannot find them, and a catalogue that was made "
    "from a log holds only new items that somebody met (see decision 0005). "
    "555 people, 612 questions, four event types: intervals are wide, and asking "
    "is not a matter of taste. `favourite` has days, the rest seconds.",
    "lastfm": "Tags stand for listening; days only; many tags on one artist on one day: 186,474 "
    "events tell of 85,011 acts (see decision 0012). Artist names say nothing to a text model. "
    "Penchant reads who is whose friend (`relations`, see decision 0017), which none of the others "
    "takes.",
    "ml-latest-small": "59 % of users rated everything within a day: the order of their events is "
    "mostly the order of a form.",
}
