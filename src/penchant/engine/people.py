"""What an engine says about people: who they are, what changed, who is alike, what comes next."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime

from penchant.data.ids import Id, id_of, ids_of
from penchant.data.moments import Moments
from penchant.engine.asking import Asking
from penchant.engine.config import EngineConfig
from penchant.engine.prepared import Prepared
from penchant.engine.texts import Texts
from penchant.errors import DataError
from penchant.interests.context.when import ContextLifts
from penchant.interests.evolution import Evolution, evolution
from penchant.interests.forecaster import Forecast, Forecaster
from penchant.interests.model import InterestModel
from penchant.interests.neighbours import Neighbours, companions, neighbours
from penchant.interests.profile import Profile, profile, written
from penchant.interests.profiles import Profiles, profiles
from penchant.interests.segments import Segments, segments
from penchant.taxonomy.tree import Tree
from penchant.types import Progress

_FORECASTERS = 8  # that are remembered, of the steps and times that were asked for last


class People(ABC):
    """The part of an engine that is asked about people."""

    config: EngineConfig
    progress: Progress
    _texts: Texts
    _forecasters: dict[tuple[str, int], Forecaster]

    @property
    @abstractmethod
    def model(self) -> InterestModel:
        """The model that serves."""

    @property
    @abstractmethod
    def tree(self) -> Tree:
        """Its interest tree."""

    @property
    @abstractmethod
    def data(self) -> Prepared:
        """What is stored, clean."""

    @abstractmethod
    def _asking(self, users: Sequence[str] | None = None) -> Asking:
        """Questions about some people, or about everybody (None)."""

    def interests(
        self,
        user_id: Id,
        *,
        at: datetime | str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Profile:
        """Who is this: the profile of one user at a time (None: the last event) and in a context.

        Someone never seen has the profile of everybody. Values of the context of which the model
        never learned change nothing, and the profile does not have them.

        Raises:
            UnknownIdError: the model knows no such context.
            DataError: the clock of a context knows no such value.
        """
        user = id_of(user_id)
        asking = self._asking([user])
        moments = asking.moments([user], at, context)
        return profile(asking.model, moments, user_id=user, labels=asking.explainer(0).titles)

    def interests_many(
        self,
        user_ids: Sequence[Id] | None = None,
        *,
        at: datetime | str | None = None,
        context: Mapping[str, str] | None = None,
        layers: bool = False,
    ) -> Profiles:
        """Who are these: the weights of many users' interests (None: all), as tables; with
        `layers` also what each layer says alone. No evidence is named: `interests` does that.
        """
        users = ids_of(self.data.log.users.ids if user_ids is None else user_ids)
        asking = self._asking(users)
        moments = asking.moments(users, at, context)
        return profiles(asking.model, users, moments, layers=layers, progress=self.progress)

    def segments(
        self,
        k: int | None = None,
        *,
        level: int | None = None,
        at: datetime | str | None = None,
    ) -> Segments:
        """Who is like whom: everybody grouped by profile into k groups (None: as many as stand
        apart best; fewer where people are too much alike), by one level of the tree (None: the
        second).

        Raises:
            DataError: there are fewer people than groups.
        """
        return segments(self.interests_many(at=at), k, level=level, seed=self.config.seed)

    def similar_users(
        self, user_id: Id, n: int = 10, *, level: int | None = None, among: int = 2_000
    ) -> Neighbours:
        """Who is like this: the n people whose profiles are the nearest now by one level of the
        tree (None: the second), among so many who turned to the most of the same items.

        Raises:
            UnknownIdError: the person has no events, or there is no such level.
        """
        user, log = id_of(user_id), self.data.log
        row = log.users.row(user, "user", hint=False)
        others = companions(log, row, among, self.config.seed)
        people = [user, *log.users.ids.gather(others).to_list()]
        return neighbours(self.interests_many(people), user, n, level=level)

    def interests_from_text(self, text: str, *, at: datetime | str | None = None) -> Profile:
        """Who says this: the profile of somebody of whom these words are all that is known, in any
        language that the encoder reads. `recommend(…, interests=profile.as_given())` starts a new
        user with it.

        Raises:
            DataError: there are no words.
        """
        if not text.strip():
            raise DataError("text: nothing came; expected some words on what somebody likes")
        asking = self._asking([])
        said = self._texts.words(text, asking.view.encode)
        return written(asking.model, said, asking.present(at), words=text)

    def evolution(
        self,
        user_id: Id,
        *,
        step: str = "month",
        since: datetime | str | None = None,
        until: datetime | str | None = None,
    ) -> Evolution:
        """How somebody's interests moved: a profile for every step (day, week, month, quarter,
        year) from the first act, or `since`, to the end of the log, or `until`.

        Raises:
            UnknownIdError: there is no such step, or there would be more than a thousand.
        """
        user = id_of(user_id)
        asking = self._asking([user])
        return self._moved(user, asking, *asking.course(user, step, since, until))

    def between(
        self, user_id: Id, first: datetime | str, last: datetime | str | None = None
    ) -> Evolution:
        """How somebody's interests moved from one time to another (None: the end of the log), in
        one step: `.diff(level)` says what changed.

        Raises:
            DataError: the first is not the earlier one.
        """
        user = id_of(user_id)
        asking = self._asking([user])
        return self._moved(user, asking, *asking.between(user, first, last))

    def _moved(self, user_id: str, asking: Asking, now: Moments, moments: Moments) -> Evolution:
        model, users = asking.model, [user_id] * len(moments)
        series = profiles(model, users, moments, progress=self.progress)
        return evolution(user_id, series, now, model.changes.find(now, model.catalogue.tree))

    def lifts(
        self, user_id: Id | None = None, *, level: int = 1, at: datetime | str | None = None
    ) -> ContextLifts:
        """When do they like what: how many times as likely each interest of a level is in a context
        as in the others, for one user or for everybody (None); and which contexts matter at all.

        Raises:
            UnknownIdError: there is no such level.
        """
        user = None if user_id is None else id_of(user_id)
        seed, progress = self.config.seed, self.progress
        return self._asking().lifts(user, level, at, seed=seed, progress=progress)

    def forecast(
        self, user_id: Id, *, step: str = "month", at: datetime | str | None = None
    ) -> Forecast:
        """What somebody will turn to in the step (day, week, month, quarter, year) after a time
        (None: the end of the log): what share of the acts each interest will have.

        Several ways to say it are fitted to everybody's earlier steps, and the one that said the
        newest step best is used; the first call for a step and time does that, the next ones not.

        Raises:
            UnknownIdError: there is no such step.
            DataError: the log is too short for such steps, or nobody came back.
        """
        user, asking = id_of(user_id), self._asking()
        now, model = asking.present(at), asking.model
        made = self._forecasters.get((step, now))
        if made is None:
            made = Forecaster(step)
            made.fit(model, asking.log, now, seed=self.config.seed, progress=self.progress)
            while len(self._forecasters) >= _FORECASTERS:
                self._forecasters.pop(next(iter(self._forecasters)), None)
            self._forecasters[step, now] = made
        return made.of(model, asking.log, user, now)
