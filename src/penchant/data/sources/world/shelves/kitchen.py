"""The kitchen department's words."""

TEXT = """
= Kitchen | weekend 0.3 | evening 0.3 | mobile -0.1
brands: Copperhob, Maison Lune, Hearthside, Bellwether, Nordkök, Tavola, Pell & Rowe, Sundry Kitchen
closing: Easy to clean; Made to be handed down; A favourite of our test kitchen; \
Comes in a gift box; Ten-year guarantee
- Cookware | 20 cm, 24 cm, 28 cm, Set of 3, Midnight Blue, Cream, Brushed Steel
* Frying Pans | 16-130
frying pan, skillet, sauté pan, crêpe pan, griddle pan, wok
cast-iron, non-stick, carbon steel, stainless steel, tri-ply, ceramic-coated
Sears steak with a deep brown crust; Eggs slide off without a drop of oil; \
Moves from hob to a hot oven; Seasons itself the more you cook
* Saucepans & Casseroles | 22-290
saucepan, casserole dish, Dutch oven, stockpot, milk pan, tagine
enamelled cast-iron, copper-bottomed, stainless steel, lidded, non-stick, heavy-based
Simmers stews for hours without sticking; Pouring lips on both sides suit sauces; \
A tight lid bastes the meat as it braises; Heats evenly with no hot spots
* Bakeware | 7-55 | 20 cm, 23 cm, 30 cm, Set of 2, Grey
loaf tin, muffin tray, springform cake tin, roasting tin, pie dish, baking sheet
non-stick, heavy-gauge, silicone, loose-bottomed, stoneware, perforated
Turns out sponges without tearing; Crisps pizza bases from below; \
Deep sides hold a family lasagne; The rim stays straight at high heat
- Knives & Prep | 15 cm, 20 cm, Set of 3, Walnut, Black, Red, Stainless
* Kitchen Knives | 12-180
chef's knife, paring knife, bread knife, santoku knife, boning knife, knife block
Damascus steel, Japanese, forged, serrated, carbon steel, ceramic
Rocks through onions and herbs; The full tang balances well in the hand; \
Holds its edge between sharpenings; Slices ripe tomatoes paper thin
* Chopping Boards | 9-85 | Small, Medium, Large, 30 cm, 40 cm
chopping board, carving board, cheese board, butcher's block, board set
end-grain, olive wood, bamboo, acacia, colour-coded, reversible
A groove catches juices from the roast; Kind to the edges of knives; \
Oil it now and then to bring out the grain; Doubles as a platter for bread and cheese
* Utensils & Gadgets | 4-45 | Black, Red, Steel, Sage, Set of 3
whisk, garlic press, vegetable peeler, box grater, kitchen scissors, spatula set
silicone, stainless steel, beechwood, ergonomic, nylon, soft-grip
Scrapes the last of the batter from the bowl; Crushes unpeeled cloves in one squeeze; \
Hangs neatly beside the stove; Zests lemons without the bitter pith
* Scales & Measures | 5-60 | Steel, White, Black, Mint
kitchen scale, measuring jug, measuring spoons, meat thermometer, egg timer
digital, borosilicate, magnetic, instant-read, slim, rechargeable
Weighs to the nearest gram up to five kilos; Reads the core of a roast in three seconds; \
Clear markings for cups and millilitres; Takes the guesswork out of baking
- Small Appliances | White, Matte Black, Stainless, Mint, 1.5 Litre, 2 Litre, Compact
* Coffee Machines | 35-690
espresso machine, bean-to-cup machine, filter coffee maker, capsule machine, milk frother
15-bar, programmable, compact, dual-boiler, thermal, automatic
Pulls a rich shot with a hazelnut crema; Steams silky milk for flat whites; \
A built-in burr grinder keeps beans fresh to the cup; Brews a full jug before you are up
* Coffee & Tea Making | 9-110 | 3 Cup, 6 Cup, 600 ml, 1 Litre, Black, Copper
cafetière, moka pot, pour-over dripper, burr grinder, teapot, stovetop kettle
borosilicate, hand-cranked, enamel, double-walled, cast-iron, gooseneck
Slow pouring brings out floral notes; Grinds from coarse to espresso fine; \
Loose leaves unfold in the wide infuser; Keeps a second cup hot at the table
* Blenders & Mixers | 29-520
stand mixer, hand blender, food processor, jug blender, hand mixer, smoothie maker
variable-speed, powerful, cordless, quiet, compact, planetary
Kneads stiff bread dough without walking; Blends soup right in the pan; \
Crushes ice and frozen berries for smoothies; Whips egg whites to firm peaks
* Toasters & Air Fryers | 25-260
toaster, air fryer, kettle, slow cooker, rice cooker, toasted sandwich maker
two-slice, digital, dual-zone, retro, rapid-boil, family-size
Crisps chips with a spoonful of oil; Wide slots take crumpets and bagels; \
Dinner is ready when you walk in; Boils one cup in under a minute
- Dining | Set of 4, Set of 6, Ivory, Ocean Blue, Speckled Grey, Forest Green
* Plates & Bowls | 6-95
dinner plates, pasta bowls, cereal bowls, side plates, serving platter, dinner set
stoneware, bone china, hand-glazed, melamine, porcelain, rustic
Each piece is glazed by hand and a little different; Stacks neatly in the cupboard; \
Wide rims frame a plate of pasta; Goes from microwave to table
* Glasses & Mugs | 5-70
wine glasses, tumblers, champagne flutes, mugs, whisky glasses, carafe
crystal, hand-blown, stackable, recycled-glass, ribbed, insulated
The bowl gathers the nose of a red wine; A thick base feels good in the hand; \
The wide handle fits cold fingers; Catches the candlelight at dinner
* Cutlery & Linen | 8-120
cutlery set, steak knives, linen napkins, tablecloth, placemats, serving spoons
18/10 steel, matte gold, washed-linen, mirror-polished, stonewashed, cotton
Service for six in a lined box; Softens with every wash; \
Weighted handles lie well in the hand; Dresses the table for Sunday lunch
* Food Storage | 5-60
storage jars, lunch box, bread bin, vacuum flask, glass containers, beeswax wraps
airtight, leakproof, stackable, stainless steel, bamboo-lidded, freezer-safe
Keeps rice and pasta dry for months; Leftovers go from fridge to microwave; \
Soup stays hot until lunchtime; Seals with a reassuring click
"""
