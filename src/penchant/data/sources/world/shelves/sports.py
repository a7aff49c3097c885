"""The sports department's words."""

TEXT = """
= Sports | weekend 0.7 | evening -0.2 | mobile 0.1
brands: Fellrunner, Cadence, Apex North, Tidal, Redline, Stride & Co, Summit Works, Kinetic
closing: Tested by club athletes; Our staff use it too; Made to last; \
Free returns within a month; Designed by athletes
- Cycling | Black, Red, Hi-Vis, 54 cm, 56 cm, Medium, Large
* Bikes | 190-2900 | Small Frame, 54 cm, 56 cm, Black, Red, Sage
road bike, mountain bike, folding bike, gravel bike, electric bike, hybrid bike
aluminium, carbon, hardtail, 21-speed, lightweight, city
Wide tyres float over loose gravel; Disc brakes bite in the wet; \
Climbs steep lanes without drama; Assists up to fifteen miles an hour
* Bike Parts & Lights | 6-140 | Black, Silver, Red, Pair, Set of 2
bike light set, inner tubes, saddle, pedals, bike lock, track pump
USB-rechargeable, puncture-resistant, gel, alloy, hardened-steel, floor-standing
Seen from half a mile at dusk; Resists bolt cutters and drills; \
Fits Presta and Schrader valves; Comfort for a long day in the saddle
* Cycling Clothing | 15-160 | Small, Medium, Large, Black, Red, Hi-Vis
cycling jersey, bib shorts, cycling gloves, rain cape, cycling helmet, overshoes
breathable, padded, windproof, aero, merino, reflective
Three rear pockets hold a pump and a banana; The chamois stays kind after four hours; \
Vents draw air across the head; Sheds a shower on the commute
- Running & Gym | Black, Charcoal, Coral, 5 kg, 10 kg, Small, Medium, Large
* Running Shoes | 45-190 | Size 39, Size 41, Size 43, Size 45, Black, Coral
running shoes, trail shoes, racing flats, stability trainers, cross trainers
cushioned, lightweight, grippy, carbon-plated, waterproof, wide-fit
Springs off the toe on tempo days; Deep lugs hold on wet rock and mud; \
A roomy toe box for marathon feet; Supports the arch without stiffness
* Weights & Machines | 12-900 | 5 kg, 10 kg, 20 kg, Black, Charcoal, Pair
dumbbells, kettlebell, barbell set, rowing machine, exercise bike, weight bench
adjustable, cast-iron, neoprene, folding, magnetic, heavy-duty
Builds strength in a corner of the bedroom; Smooth resistance at every stroke; \
Knurled grips stay put when hands sweat; Stands upright in a cupboard
* Yoga & Pilates | 8-90 | Coral, Charcoal, Sage, 4 mm, 6 mm, Set of 2
yoga mat, foam roller, yoga blocks, resistance bands, pilates ring, meditation cushion
non-slip, cork, extra-thick, natural-rubber, eco, textured
Grips palms in downward dog; Eases tight calves after a run; \
Rolls up with its own strap; Supports the knees on hard floors
* Sports Nutrition | 8-48 | repeat | 500 g, 1 kg, Box of 12, Box of 24, Tub of 30
whey protein, energy gels, electrolyte tablets, protein bars, creatine powder, recovery shake
chocolate, vegan, salted caramel, citrus, unflavoured, caffeinated
Twenty-four grams of protein a serving; Goes down easily at race pace; \
Replaces salts lost on hot days; Mixes without lumps
- Outdoor | Olive, Slate, Orange, 20 Litre, 45 Litre, 2-Person, 3-Person
* Tents & Sleeping | 25-520 | Olive, Slate, Orange, Regular, Long
dome tent, tunnel tent, sleeping bag, sleeping mat, camping hammock, bivvy bag
two-person, ultralight, four-season, down-filled, self-inflating, family
Pitches in five minutes in the rain; Warm down to minus five; \
A porch big enough for boots and a stove; Packs to the size of a loaf
* Rucksacks & Bottles | 12-230 | Olive, Slate, Orange, 1 Litre, 20 Litre, 45 Litre
rucksack, daypack, hydration pack, water bottle, dry bag, trekking poles
30-litre, insulated, waterproof, ventilated, roll-top, carbon
The mesh back keeps a breeze against the shirt; Cold for a day and hot for twelve hours; \
The hip belt carries the load; Telescopes for steep descents
* Hiking Boots & Jackets | 45-330 | Small, Medium, Large, Olive, Slate, Rust
hiking boots, waterproof jacket, fleece jacket, walking trousers, down jacket, gaiters
leather, breathable, mid-height, three-layer, packable, windproof
Keeps feet dry across boggy moorland; The hood turns with the head; \
Warm under a shell on winter ridges; Zips vent heat on the climb
* Camp Kitchen | 8-120 | Olive, Slate, Orange, Small, Large
camping stove, mess tin, headtorch, camping knife, cool box, titanium mug
lightweight, windproof, nesting, rechargeable, folding, compact
Boils half a litre in three minutes; Pots nest around the gas canister; \
Lights the path to the tent; Keeps sausages cold all weekend
- Games & Water | Adult, Junior, Size 4, Size 5, Blue, Yellow, Black
* Ball Sports | 8-150 | Adult, Junior, Size 4, Size 5, White
football, basketball, tennis racket, cricket bat, badminton set, goalkeeper gloves
match, training, graphite, indoor, all-weather, junior
Flies true off the boot; A generous sweet spot forgives late swings; \
The textured surface grips in the rain; For a kickabout in the park
* Swimming | 7-90 | Adult, Junior, Blue, Black, Coral
swimming goggles, swimsuit, swim shorts, swim cap, kickboard, swim fins
anti-fog, chlorine-resistant, mirrored, quick-dry, silicone, racing
Seals softly round the eyes without leaks; Keeps its colour through a hundred lengths; \
Builds leg strength in drills; Cuts glare in open water
* Surf & Paddle | 30-650 | Adult, Junior, Medium, Large, Teal
paddleboard, wetsuit, bodyboard, kayak paddle, buoyancy aid, surf leash
inflatable, 3 mm, foam, fibreglass, full-length, stable
Stable enough for a first outing on the lake; Stretches at the shoulder for paddling; \
Rolls into a backpack with its pump; Warm in spring surf
"""
