"""The world: a simulated shop whose people's true interests are known.

The law of the next organic look (a `view` with `organic` true) of user u at time t in context c:

    P(i | u, t, c) = Σ_ℓ P(ℓ | u, t, c) · P(i | ℓ, u, t)                         ℓ: leaf of item i

    P(ℓ | u, t, c) = (1 − ε) · w_ℓ / Σ_k w_k  +  ε · pop_ℓ(t)
    w_ℓ            = ( b_uℓ(t) + h · [ℓ is u's burst at t] ) · exp( λ_ℓ(c) + λ_gℓ(c) )
                       base        dynamic                          context, u's group g
    P(i | ℓ, u, t) ∝ q_i · θ_u[style_i]      over the items of ℓ on sale at t

- b_u(t): long-term taste, Dirichlet down the tree around the taste of u's community, a share of
  it popularity's; at each lasting change most of one level-2 category moves to another.
- h: `burst_strength`, during a burst. λ(c): sum of the planted log-lifts of what c is: weekend,
  evening (18 to 24 o'clock UTC), mobile device. `place` follows the clock and shifts nothing.
- ε = 1 − signal · (1 − noise): share of choices by popularity alone; those take the item by q_i.
- q: Zipf inside each leaf; θ_u: u's liking of eight hidden styles, shared by communities and told
  by no text; `launched`: an item is on sale from that day on; pop(t): shares of q on sale at t.
- In a leaf of consumables a look by the person's own law goes, with chance `repeat_rate`, to the
  item that u last bought there (in a look that was no such repeat). Its leaf's chance is as above.

So the truth about categories is exact for organic views: they are independent draws given
(u, t, c). What follows a look (`cart`, `purchase`, `rating`) repeats its item, with chances that
do not depend on the item. Lists shown by the shop mix popular, personal and random items; one at
position p is clicked with chance p^−bias · ρ√r / (1 + ρ√r), r = P(i | u, t, c) / pop_i(t). Such
events (`click` and what follows it, `organic` false) are biased by what was shown.
"""

from penchant.data.sources.world.config import WorldConfig
from penchant.data.sources.world.truth import Level, Truth
from penchant.data.sources.world.world import World, make_world

__all__ = ["Level", "Truth", "World", "WorldConfig", "make_world"]
