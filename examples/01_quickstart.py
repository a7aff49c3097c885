"""From events and items to a profile and recommendations that explain themselves.

python examples/01_quickstart.py
"""

from penchant import Engine, EngineConfig, WorldConfig, make_world

# A small shop whose people's true interests are known. With data of your own, name files instead:
# engine.add(events="events.parquet", items="items.parquet")
world = make_world(WorldConfig.small())

# To be quick: an encoder without weights, and few passes of the network. Leave this out for real.
config = EngineConfig().but(**{"encode.kind": "hashed", "interests.dynamic.epochs": 3})

engine = Engine(config=config)  # in memory; Engine("shop") keeps everything in a folder
print(engine.add(events=world.events, items=world.items))
print(engine.fit())

# Somebody who did a lot, asked about at the end of what the world knows.
user = world.events["user_id"].mode()[0]
end = world.events["timestamp"].max()

# Who is this?
profile = engine.interests(user, at=end)
print(profile)

# What is true? In a world, and only there, one can look.
truth = world.truth([user], end).level(1)
true = {name[-1]: weight for name, weight in zip(truth.categories, truth.whole[0], strict=True)}
for interest in profile.top(level=1, n=4):
    name = interest.node.name
    print(f"{name:14} profile {interest.weight:5.1%}   truth {true.get(name, 0.0):5.1%}")

# What to show, and why? The parts add up to the score.
for reason in engine.recommend(user, n=3, at=end).explain():
    print(reason)

# How good is it? Beside what one could do without it.
print(engine.evaluate())
