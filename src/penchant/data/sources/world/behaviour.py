"""What people do: sessions, looks, lists that the shop shows, and the way to the till.

Everything is drawn for a block of users at a time, from streams of that block alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from penchant.data.sources.world.draws import pick
from penchant.data.sources.world.law import Law, Moment
from penchant.data.sources.world.people import DAY_MS
from penchant.random import rng
from penchant.types import Bools, Doubles, Floats, Longs

Columns: TypeAlias = dict[str, npt.NDArray[Any]]
BLOCK = 1024
"""Users drawn together."""
EVENTS = ("view", "click", "cart", "purchase", "rating")
PLACES = ("home", "work", "travel")
BURST_SESSIONS = 2.0
"""Further sessions that a burst brings, on average."""
_SECOND_MS = 1000
_HOURS = np.array([2, 1, 1, 1, 1, 2, 4, 6, 7, 7, 7, 7, 8, 8, 7, 7, 8, 9, 11, 13, 14, 13, 9, 5])
_MORE_RELEVANT = 1.75  # a list's clicks beside those that plain popularity would bring


@dataclass(frozen=True)
class Sessions:
    """Visits in (user, time) order [S]: user, t (ms), rows of DEVICES and PLACES."""

    user: Longs
    t: Longs
    device: Longs
    place: Longs


@dataclass(frozen=True)
class Touches:
    """Looks at single items [E]; `organic` ones follow the law, the others are clicks in lists."""

    session: Longs
    user: Longs
    t: Longs
    item: Longs
    organic: bool


@dataclass(frozen=True)
class Block:
    """All that a block of users did: numbers, not ids yet."""

    events: Columns
    exposures: Columns


def moments(law: Law, user: Longs, t: Longs, mobile: Bools) -> Moment:
    """Read weekend and evening off the clock."""
    weekday, hour = clock(law, t)
    return Moment(user, t, weekday >= 5, hour >= 18, mobile)


def clock(law: Law, t: Longs) -> tuple[Longs, Longs]:
    """Weekday (Monday is 0) and hour of times since the start (ms), in UTC."""
    monday = datetime.fromisoformat(law.config.start).weekday()
    return (monday + t // DAY_MS) % 7, t % DAY_MS // (DAY_MS // 24)


def live(law: Law, users: Longs, sessions_each: float) -> Block:
    """Let a block of users live through the world's days."""
    block, seed = int(users[0]) // BLOCK, law.config.seed
    streams = {
        name: rng(seed, name, block) for name in ("sessions", "bursts", "looks", "lists", "till")
    }
    visits = _sessions(law, users, sessions_each, streams)
    bought = _looks(law, visits, streams["looks"])
    shown, clicks = _lists(law, visits, streams["lists"])
    events = _join([bought, _till(law, clicks, streams["till"])])
    return Block(events | _visit(visits, events), shown | _visit(visits, shown))


def sessions_each(law: Law) -> float:
    """Ordinary sessions a user needs, on average, for the number of events asked for."""
    config, people = law.config, law.people
    cart = config.cart_rate * config.signal
    deeper = 1.0 + cart * (1.0 + config.purchase_rate * (1.0 + config.rating_rate))
    seen = ((1.0 + np.arange(config.list_length)) ** -config.position_bias).sum()
    relevant = _MORE_RELEVANT if config.signal else 1.0
    clicks = config.exposure_rate * config.click_rate / (1 + config.click_rate) * seen * relevant
    wanted = config.events / (deeper * (config.session_length + clicks))
    return max(1.0, float(wanted - BURST_SESSIONS * len(people.bursts.user)) / config.users)


def _sessions(
    law: Law, users: Longs, each: float, streams: dict[str, np.random.Generator]
) -> Sessions:
    """Ordinary visits, and those that bursts bring, in order of user and time."""
    make, burst = streams["sessions"], streams["bursts"]
    rate = np.maximum(law.people.activity[users] * each - 1.0, 0.0)
    user = np.repeat(users, 1 + make.poisson(rate))
    t = _times(law, user, make)
    bursts = law.people.bursts
    rows = np.arange(*np.searchsorted(bursts.user, [users[0], users[-1] + 1]))
    rows = np.repeat(rows, burst.poisson(BURST_SESSIONS, size=len(rows)))
    width = bursts.end[rows] - bursts.begin[rows]
    extra = bursts.begin[rows] + (burst.random(len(rows)) * width).astype(np.int64)
    user, t = np.concatenate([user, bursts.user[rows]]), np.concatenate([t, extra])
    noise = np.concatenate([make.random((len(user) - len(rows), 2)), burst.random((len(rows), 2))])
    order = np.lexsort((t, user))
    user, t, noise = user[order], t[order], noise[order]
    return Sessions(user, t, pick(law.people.devices[user], noise[:, 0]), _place(law, t, noise))


def _times(law: Law, user: Longs, make: np.random.Generator) -> Longs:
    """When ordinary visits begin: after joining, more at weekends and in the evening [S]."""
    days = np.arange(law.config.days) * DAY_MS
    weekday, _ = clock(law, days)
    total = np.concatenate([[0.0], np.cumsum(np.where(weekday >= 5, 1.3, 1.0))])
    low = total[law.people.joined[user]]
    aim = low + make.random(len(user)) * (total[-1] - low)
    day = np.minimum(np.searchsorted(total, aim, side="right") - 1, len(days) - 1)
    hour = make.choice(24, size=len(user), p=_HOURS / _HOURS.sum())
    later = (hour + make.random(len(user))) * (DAY_MS // 24)
    return np.asarray(day * DAY_MS + later.astype(np.int64))


def _place(law: Law, t: Longs, noise: Doubles) -> Longs:
    """Where: it follows the clock and shifts no interest, so it is a decoy [S]."""
    weekday, hour = clock(law, t)
    work = (weekday < 5) & (hour >= 9) & (hour < 17)
    return pick(np.where(work[:, None], [0.3, 0.6, 0.1], [0.8, 0.05, 0.15]), noise[:, 1])


def _looks(law: Law, visits: Sessions, make: np.random.Generator) -> Columns:
    """Organic looks of each visit, drawn by the law, and the steps taken after them."""
    session, t = _when(law, visits, make)
    uniform, till = make.random((5, len(session))), _funnel(law, len(session), make)
    keep = t < law.config.days * DAY_MS
    session, t, uniform = session[keep], t[keep], uniform[:, keep]
    till = {name: value[keep] for name, value in till.items()}
    user = visits.user[session]
    moment = moments(law, user, t, visits.device[session] == 0)
    leaf, item, personal = law.draw(moment, uniform[:4])
    again = personal & law.goods.repeat[leaf] & (uniform[4] < law.config.repeat_rate)
    item = _again(user * len(law.goods.repeat) + leaf, t, item, again, till["purchase"])
    return _events(law, Touches(session, user, t, item, organic=True), till)


def _when(law: Law, visits: Sessions, make: np.random.Generator) -> tuple[Longs, Longs]:
    """Visit and time of each organic look, a minute or so apart [E]."""
    number = 1 + make.poisson(law.config.session_length - 1.0, size=len(visits.user))
    session = np.repeat(np.arange(len(number)), number)
    total = np.cumsum(make.exponential(75 * _SECOND_MS, size=len(session)) + _SECOND_MS)
    first = np.cumsum(number) - number
    return session, visits.t[session] + (total - total[first][session]).astype(np.int64)


def _again(pair: Longs, t: Longs, item: Longs, again: Bools, bought: Doubles) -> Longs:
    """Put what was last bought where a look is a repeat [E].

    pair: user and leaf; bought: ms from the look to the purchase, 0 for none.
    """
    order = np.lexsort((t, pair))
    pair, t, again, bought, item = pair[order], t[order], again[order], bought[order], item[order]
    source = (bought > 0) & ~again
    last = np.maximum.accumulate(np.where(source, np.arange(len(order)), -1))
    known = again & (last >= 0) & (pair[last] == pair) & (t[last] + bought[last] < t)
    found = np.empty_like(item)
    found[order] = np.where(known, item[last], item)
    return found


def _lists(law: Law, visits: Sessions, make: np.random.Generator) -> tuple[Columns, Touches]:
    """Lists shown at the start of some visits, and the clicks in them."""
    n, config = law.config.list_length, law.config
    session = np.flatnonzero(make.random(len(visits.user)) < config.exposure_rate)
    user, t = visits.user[session], visits.t[session]
    moment = moments(law, user, t, visits.device[session] == 0)
    item = _mixed(law, moment, n + 4, make)
    row, place = _first_n(item, n)
    item = item[row, place]
    start = np.flatnonzero(np.diff(row, prepend=-1))
    position = np.arange(len(row)) - np.repeat(start, np.diff(np.append(start, len(row))))
    personal = law.personal(moment)
    chance = _attraction(law, moment, personal, row, item)
    chance *= (1.0 + position) ** -config.position_bias
    clicked = make.random(len(row)) < chance
    shown = {"user": user[row], "item": item, "t": t[row], "position": 1 + position}
    later = (2 + 6 * position) * _SECOND_MS + t[row]
    hit = np.flatnonzero(clicked & (later < config.days * DAY_MS))
    clicked = np.isin(np.arange(len(row)), hit)
    clicks = Touches(session[row][hit], user[row][hit], later[hit], item[hit], organic=False)
    return {**shown, "session": session[row], "clicked": clicked}, clicks


def _mixed(law: Law, moment: Moment, n: int, make: np.random.Generator) -> Longs:
    """Lists of n: 40 % popular, 40 % by the person's law, 20 % anything on sale, in any order."""
    B = len(moment.user)
    rows = np.repeat(np.arange(B), n)
    many = moment.take(rows)
    kind = pick(np.tile([0.4, 0.4, 0.2], (len(rows), 1)), make.random(len(rows)))
    uniform = make.random((4, len(rows)))
    item = make.integers(len(law.goods), size=len(rows))
    day = law.day(many.t)
    late = (kind == 2) & (law.goods.launch[item] > day)
    kind[late] = 0
    own = np.flatnonzero(kind == 1)
    item[own] = law.draw(many.take(own), uniform[:, own])[1]
    popular = np.flatnonzero(kind == 0)
    item[popular] = _popular(law, day[popular], uniform[1:, popular])
    return item.reshape(B, n)


def _popular(law: Law, day: Longs, uniform: Doubles) -> Longs:
    """Items by popularity alone."""
    goods = law.goods
    leaf = pick(goods.share[day], uniform[0])
    return goods.draw(leaf, pick(goods.mass[day, leaf], uniform[1]), day, uniform[2])


def _first_n(item: Longs, n: int) -> tuple[Longs, Longs]:
    """Rows and columns of the first n different items of each list."""
    order = np.argsort(item, axis=1, kind="stable")
    ordered = np.take_along_axis(item, order, axis=1)
    twice = np.zeros(item.shape, bool)
    np.put_along_axis(twice, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    row, place = np.nonzero(~twice & (np.cumsum(~twice, axis=1) <= n))
    return row, place


def _attraction(law: Law, moment: Moment, personal: Floats, row: Longs, item: Longs) -> Doubles:
    """ρ√r / (1 + ρ√r), r the item's chance for this person beside its popularity [E]."""
    r = law.ratio(moment, personal, row, item)
    pull = law.config.click_rate * np.sqrt(r)
    return np.asarray(pull / (1.0 + pull))


def _funnel(law: Law, n: int, make: np.random.Generator) -> dict[str, Doubles]:
    """How long after a look (ms) each step is taken, 0 for never [n each]."""
    config, uniform, wait = law.config, make.random((3, n)), make.random((3, n))
    cart = uniform[0] < config.cart_rate * config.signal
    purchase = cart & (uniform[1] < config.purchase_rate)
    rating = purchase & (uniform[2] < config.rating_rate)
    at_cart = np.floor((5 + 115 * wait[0]) * _SECOND_MS)
    at_purchase = at_cart + np.floor((20 + 280 * wait[1]) * _SECOND_MS)
    at_rating = at_purchase + np.floor((1 + 9 * wait[2]) * DAY_MS)
    return {
        "cart": cart * at_cart,
        "purchase": purchase * at_purchase,
        "rating": rating * at_rating,
        "stars": make.normal(3.8, 0.8, size=n),
    }


def _till(law: Law, touches: Touches, make: np.random.Generator) -> Columns:
    return _events(law, touches, _funnel(law, len(touches.t), make))


def _events(law: Law, touches: Touches, till: dict[str, Doubles]) -> Columns:
    """The look itself and the steps after it, as events; what lies past the end is left out."""
    kind = EVENTS.index("view" if touches.organic else "click")
    liking = law.people.styles[touches.user, law.goods.style[touches.item]]
    stars = np.clip(np.round(till["stars"] + 0.6 * np.tanh(np.log(liking + 1e-9))), 1, 5)
    parts = [_step(touches, kind, touches.t)]
    for name in ("cart", "purchase", "rating"):
        at = touches.t + till[name].astype(np.int64)
        taken = np.flatnonzero((till[name] > 0) & (at < law.config.days * DAY_MS))
        value = stars[taken] if name == "rating" else None
        parts.append(_step(touches, EVENTS.index(name), at, taken, value))
    return _join(parts)


def _step(
    touches: Touches,
    kind: int,
    t: Longs,
    rows: Longs | slice = slice(None),
    value: Doubles | None = None,
) -> Columns:
    user = touches.user[rows]
    outside = EVENTS[kind] == "rating"
    return {
        "user": user,
        "item": touches.item[rows],
        "t": t[rows],
        "event": np.full(len(user), kind),
        "value": np.full(len(user), np.nan) if value is None else value,
        "session": np.full(len(user), -1) if outside else touches.session[rows],
        "organic": np.full(len(user), touches.organic),
    }


def _join(parts: Sequence[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _visit(visits: Sessions, rows: Columns) -> Columns:
    """Number of the visit among its user's, device and place; -1 outside visits."""
    session = rows["session"].astype(np.int64)
    number = 1 + np.arange(len(visits.user)) - np.searchsorted(visits.user, visits.user)
    columns = {"session": number, "device": visits.device, "place": visits.place}
    return {name: np.where(session >= 0, column[session], -1) for name, column in columns.items()}
