"""What the service answers: one definition, for the client's results and the documentation alike.

Fields that a newer service adds are passed over; those of a list of items or events that the caller
put in itself are kept.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """What all answers have in common: they are not changed."""

    model_config = ConfigDict(frozen=True)


class Rejected(Answer):
    """A row that cannot be used: which one that came, its field (empty: the row), and why."""

    index: int
    field: str
    reason: str


class Taken(Answer):
    """What became of rows: new, there already, in the place of an earlier one, not usable.

    `differing` are those of `known` that say something else than the event that is stored under
    their `event_id`; that one stays. An event that does not say its time differs when it is sent
    again later. `rejected` holds the first thousand of `rejected_total`. What is counted as
    accepted, known or replaced is on disk.
    """

    accepted: int
    known: int
    replaced: int
    differing: int = 0
    rejected: tuple[Rejected, ...]
    rejected_total: int


class Finding(Answer):
    """One thing that was set aside, and how often."""

    step: str
    what: str
    count: int
    total: int | None
    examples: tuple[str, ...]


class Evidence(Answer):
    """A past event that speaks for an interest."""

    item: str
    time: str
    share: float


class Interest(Answer):
    """One interest of a profile; `weight` is how likely the next act lands on it."""

    id: str
    name: str
    path: tuple[str, ...]
    weight: float
    low: float
    high: float
    layers: dict[str, float]
    usual: float
    lift: float
    confidence: float
    stability: float
    kind: str
    asked: str | None
    evidence: tuple[Evidence, ...]


class Profile(Answer):
    """What somebody is interested in; `levels` from broad to narrow, weightiest first."""

    user_id: str | None
    words: str | None
    at: str
    context: dict[str, str]
    events: int
    around: int
    alpha: dict[str, float]
    levels: tuple[tuple[Interest, ...], ...]


class ProfileOfWords(Profile):
    """What somebody is interested in who says this; `given` is what a list can be asked for with
    (`like`)."""

    given: dict[str, float]


class Phase(Answer):
    """Where an interest stands in a person's life, and what says so."""

    name: str
    since: str
    recent: int
    of: int
    before: int
    of_before: int
    silence: int
    sure: float


class Course(Answer):
    """One interest's weight at each time."""

    id: str
    name: str
    path: tuple[str, ...]
    weights: tuple[float, ...]
    phase: Phase | None


class Evolution(Answer):
    """How interests moved; `changes` are lasting changes of taste."""

    user_id: str
    times: tuple[str, ...]
    changes: tuple[dict[str, Any], ...]
    levels: tuple[tuple[Course, ...], ...]


class Shift(Answer):
    """How far one interest moved between two times."""

    id: str
    name: str
    path: tuple[str, ...]
    before: float
    after: float
    change: float
    acts: float


class Diff(Answer):
    """What changed between two times, the largest change first."""

    user_id: str
    times: tuple[str, ...]
    level: int
    shifts: tuple[Shift, ...]


class Prospect(Answer):
    """One interest's share of a person's acts: now, and as forecast."""

    id: str
    name: str
    path: tuple[str, ...]
    now: float
    ahead: float


class Forecast(Answer):
    """What somebody will turn to in the next step."""

    user_id: str
    at: str
    step: str
    way: str
    trials: tuple[dict[str, Any], ...]
    levels: tuple[tuple[Prospect, ...], ...]


class Carrier(Answer):
    """A past event that carried a recommendation; `part` is what it added to the score."""

    item_id: str
    title: str
    event: str
    time: str
    part: float
    share: float
    layer: str


class Belongs(Answer):
    """An interest that an item belongs to, with its weight in the profile."""

    path: str
    weight: float


class Wish(Answer):
    """What was asked for by hand that bears on an item."""

    direction: str
    of: str
    item_id: str | None
    time: str
    part: float


class Reason(Answer):
    """Why an item has its score: the parts add up to it."""

    item_id: str
    title: str
    score: float
    parts: dict[str, float]
    events: tuple[Carrier, ...]
    interests: tuple[Belongs, ...]
    sentence: str
    exact: tuple[str, ...]
    wishes: tuple[Wish, ...]


class Recommendation(Answer):
    """One item of a list, with its reason where it was asked for."""

    rank: int
    item_id: str
    title: str
    score: float
    probability: float
    parts: dict[str, float]
    reason: Reason | None = None


class Recommendations(Answer):
    """What to show one person, best first; `list_id` is what the list is kept under."""

    user_id: str
    at: str
    list_id: str | None
    items: tuple[Recommendation, ...]
    report: tuple[Finding, ...]


class Said(Answer):
    """One statement that stands."""

    direction: str
    interest: str | None
    item: str | None
    name: str
    time: str
    gone: bool


class Feedback(Answer):
    """What somebody asked for by hand and did not take back, newest first."""

    user_id: str
    statements: tuple[Said, ...]
    report: tuple[Finding, ...]


class Person(Answer):
    """A person's attributes, and how many rows there are on them, by kind."""

    user_id: str
    attributes: dict[str, Any]
    rows: dict[str, int]


class Held(Answer):
    """Everything that is held on one person: rows by kind, as they were put in."""

    user_id: str
    exported: str
    tables: dict[str, tuple[dict[str, Any], ...]]


class Forgotten(Answer):
    """How many rows were removed; `note`: what is still to be done, if anything."""

    user_id: str
    rows: int
    note: str | None = None


class Act(Answer):
    """One act of the audit log: by whom (`actor`: the id of a key, or where they stood), of which
    kind, on whom (`subject`: a hash of the id), and what more is known of it, as `rows` or
    `version`."""

    number: int
    time: str
    actor: str
    action: str
    subject: str | None
    detail: dict[str, Any]


class Acts(Answer):
    """Some acts, newest first, and the cursor of the next page (None: this was the last)."""

    acts: tuple[Act, ...]
    next: str | None


class Item(Answer):
    """A thing of the catalogue, with all attributes it was given."""

    model_config = ConfigDict(frozen=True, extra="allow")

    item_id: str


class ItemPage(Answer):
    """Some items, and the cursor of the next page (None: this was the last)."""

    items: tuple[Item, ...]
    next: str | None


class SimilarItem(Answer):
    """An item, how like the one asked about it is, and by what: people's acts or words."""

    item_id: str
    title: str
    likeness: float
    by: str


class SimilarItems(Answer):
    """Items like one, the likest first."""

    item_id: str
    items: tuple[SimilarItem, ...]


class SimilarUser(Answer):
    """A person, and how far their profile is (0: the same, 1: nothing in common)."""

    user_id: str
    distance: float


class SimilarUsers(Answer):
    """People like one, the nearest first, by a level of the tree, of so many compared."""

    user_id: str
    level: int
    compared: int
    users: tuple[SimilarUser, ...]


class Node(Answer):
    """One interest of the tree, with those below it."""

    id: str
    name: str
    level: int
    size: float
    keywords: tuple[str, ...]
    typical: tuple[str, ...]
    children: tuple["Node", ...] = ()


class Tree(Answer):
    """The interest tree, broadest first."""

    nodes: tuple[Node, ...]


class Fit(Answer):
    """How a fit stands: `state` is idle, running, done or failed; `fitted` what it did, `problem`
    what went wrong."""

    state: str
    number: int
    started: str | None
    ended: str | None
    fitted: dict[str, Any] | None
    problem: dict[str, Any] | None


class Fallback(Answer):
    """That another version of the model serves than the one that was `meant` to, which was promoted
    last and is broken; `why` names the file."""

    meant: str
    serves: str
    why: str


class Status(Answer):
    """What is held and what serves."""

    version: str
    model: str | None
    fitted: bool
    rows: dict[str, int]
    metrics: dict[str, Any] = Field(
        default={},
        description="What was known of the model's quality when it was made: `held_out`, measured "
        "by the fit on what it held out, and what it was mixed by; `comparison` with the model "
        "that served before, where there was one. Empty where none was noted.",
    )
    fallback: Fallback | None = Field(
        None, description="Where another version serves than the one that was promoted last."
    )


class Group(Answer):
    """People who are alike, and by what they differ from everybody."""

    number: int
    name: str
    size: int
    share: float
    distinctive: tuple[dict[str, Any], ...]


class Segments(Answer):
    """Everybody, in groups, largest first."""

    level: int
    people: int
    segments: tuple[Group, ...]


class Report(Answer):
    """The last evaluation, as it was written."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Health(Answer):
    """Whether the process lives, or is ready."""

    status: str
    model: str | None = Field(
        None, description="The version of the model that serves; `health` does not look for it."
    )
    fallback: Fallback | None = Field(
        None, description="Where another version serves than the one that was promoted last."
    )
