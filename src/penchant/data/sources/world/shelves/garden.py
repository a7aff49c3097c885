"""The garden department's words."""

TEXT = """
= Garden | weekend 0.9 | evening -0.4 | mobile -0.2
brands: Thornbury, Green & Spade, Larkfield, Oakhurst, Verdano, Hollis Garden, Meadowright, Fernley
closing: Chosen by our head gardener; Delivered to the garden gate; Does well year after year; \
A favourite on allotments; Packed without plastic
- Hand Tools | Ash Handle, Soft Grip, Left-Handed, Compact, Long Reach, Gift Boxed
* Trowels & Forks | 6-32
hand trowel, transplanting trowel, potting trowel, weeding fork, hand fork
stainless steel, carbon steel, forged, narrow-bladed, copper, deep-scoop
Depth marks along the blade make bulb planting quick; Cuts cleanly into heavy clay soil; \
Lifts dandelion roots without snapping them; The neck will not bend in stony borders
* Pruners & Shears | 14-75
bypass secateurs, anvil pruners, hedge shears, lopping shears, topiary snips
Japanese steel, ratchet, forged, lightweight aluminium, non-stick, telescopic
Slices through green stems up to 20 mm; Keeps a sharp edge through a season of roses; \
Sap wipes off the coated blades; Trims box and privet into crisp shapes
* Spades & Rakes | 19-90
digging spade, border spade, leaf rake, soil rake, draw hoe, edging iron
stainless steel, carbon steel, ash-shafted, hand-forged, lightweight, all-steel
Turns over a vegetable bed without straining the back; Broad treads are kind to boots; \
Gathers autumn leaves off the lawn in wide sweeps; Levels seedbeds to a fine tilth
* Gardening Gloves | 5-30 | Small, Medium, Large, Sage, Brown
gardening gloves, rose gauntlets, pruning gloves, seeding gloves
thornproof, goatskin, bamboo-lined, waterproof, nitrile-dipped, suede
Long cuffs shield the forearms from brambles; Thin enough to feel small seedlings; \
Keeps soil from under the nails; Washable at thirty degrees
- Plants & Seeds | Pack of 3, Pack of 6, Starter Pack, Heritage Selection, 9 cm Pot, 2 Litre Pot
* Vegetable Seeds | 2-6 | repeat
tomato seeds, runner bean seeds, courgette seeds, beetroot seeds, salad leaf seeds, chilli seeds
organic, heirloom, early-cropping, blight-resistant, F1 hybrid, rainbow
Sow under glass from March and harvest by July; Crops heavily in containers and grow bags; \
Thin seedlings to ten centimetres apart; Sweet flavour straight off the vine
* Flower Bulbs | 4-22
tulip bulbs, daffodil bulbs, allium bulbs, crocus bulbs, dahlia tubers, lily bulbs
spring-flowering, scented, double, deep purple, naturalising, pastel mixed
Plant in autumn at three times the bulb's depth; Comes back year after year in grass; \
Tall stems stand well in a vase; Bees visit the open blooms from early spring
* Shrubs & Roses | 12-60 | 2 Litre Pot, 3 Litre Pot, 5 Litre Pot, Bare Root, Pair
climbing rose, hydrangea shrub, lavender plant, camellia shrub, rambling rose, hardy fuchsia
repeat-flowering, evergreen, hardy, fragrant, white-flowering, compact
Reaches the top of a fence within three years; Flowers from June until the first frost; \
Prune hard in late winter; Thrives in semi-shade and any reasonable soil
* House Plants | 7-55 | 9 cm Pot, 12 cm Pot, 17 cm Pot, With Planter, Gift Wrapped
monstera plant, peace lily, snake plant, string of hearts, fiddle-leaf fig, parlour palm
air-purifying, low-light, trailing, variegated, easy-care, pet-safe
Asks for water only once a fortnight; Happy on a bright windowsill out of direct sun; \
Wipe the leaves to keep them glossy; Arrives in a nursery pot with a care card
- Growing | 20 Litre, 40 Litre, 50 Litre, Set of 3, Terracotta, Slate Grey, Large
* Compost & Feed | 4-24 | repeat | 10 Litre, 20 Litre, 50 Litre, 1 kg, 3 kg
multipurpose compost, tomato feed, seaweed fertiliser, bark mulch, lawn feed, potting mix
peat-free, organic, slow-release, concentrated, soil-improving, ericaceous
Feeds beds and containers for up to four months; Holds moisture through a dry spell; \
Dilute one capful in a full watering can; Suppresses weeds when spread five centimetres deep
* Pots & Planters | 8-85 | Terracotta, Slate Grey, Cream, 30 cm, 45 cm, Set of 3
plant pot, raised bed planter, window box, hanging basket, patio planter, trough
terracotta, glazed, frost-proof, cedar, galvanised, self-watering
Drainage holes keep roots from sitting in water; Herbs stay within reach of the kitchen door; \
Weathers to a soft patina; Feet lift it clear of the paving
* Greenhouses | 35-420 | Small, Medium, Large, Green, 120 cm, 180 cm
cold frame, mini greenhouse, grow house, polytunnel, cloche tunnel, propagator
polycarbonate, walk-in, toughened-glass, heated, folding, timber-framed
Brings seedlings on six weeks earlier; Vents open by themselves on warm days; \
Staging shelves hold seed trays in tiers; Keeps frost off tender plants overnight
- Outdoor Living | Charcoal, Sage Green, Natural Teak, Two-Seat, Four-Seat, Stone Grey, Large
* Garden Furniture | 60-900
garden bench, bistro set, sun lounger, patio dining set, Adirondack chair, hammock
teak, powder-coated steel, rattan, folding, acacia wood, stackable
Cushions zip off for washing; Slats drain quickly after rain; \
Folds flat into the shed for winter; Seats friends for a long summer lunch
* Barbecues | 40-650 | Black, Red, Stone Grey, 47 cm, 57 cm, With Cover
charcoal barbecue, gas grill, kettle barbecue, pizza oven, fire pit, smoker
cast-iron, three-burner, portable, ceramic, stainless steel, wood-fired
Reaches searing heat in fifteen minutes; The lid thermometer shows when to lay on the ribs; \
Ash drops into a pan that lifts out; Low and slow brisket tastes of oak smoke
* Garden Lighting | 9-120 | Black, Brass, 5 m, 10 m, Set of 4, Set of 6
solar path lights, festoon lights, wall lantern, spike spotlights, string lights
solar, warm white, motion-sensing, copper, weatherproof, dimmable
Charges by day and glows from dusk; Lights the steps up to the back door; \
No wiring and no running costs; Hangs between trees for evenings on the terrace
* Bird Care | 4-48 | Small, Large, Green, Slate, Set of 2, 2 kg
bird feeder, nest box, bird bath, suet balls, sunflower hearts, peanut feeder
squirrel-proof, no-mess, hand-made, cedar, hanging, high-energy
Brings goldfinches and tits to the window; Small entrance keeps out larger birds; \
Cleans in a minute with the lid off; Watch robins bathe from the kitchen table
- Watering & Lawn | 15 m, 30 m, 5 Litre, 10 Litre, Cordless, Compact
* Hoses & Watering Cans | 9-95
watering can, garden hose, hose reel, drip irrigation kit, lawn sprinkler, water butt
galvanised, kink-free, expanding, wall-mounted, slimline, long-spouted
A fine brass rose sprinkles seedlings gently; Winds itself back without tangles; \
Collects rain from the shed roof; A timer waters the beds while you are away
* Lawn Mowers | 60-480 | 32 cm, 38 cm, 36 V, Cordless, With Battery, Bare Unit
lawn mower, robotic mower, strimmer, hedge trimmer, scarifier, leaf blower
cordless, self-propelled, petrol, battery-powered, quiet, lightweight
Leaves neat stripes on a family lawn; One charge cuts three hundred square metres; \
The grass box empties with one hand; Trims right up to the edge of the beds
"""
