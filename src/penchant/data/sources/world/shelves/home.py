"""The home department's words."""

TEXT = """
= Home | weekend 0.3 | evening 0.3 | mobile 0.0
brands: Fjordhus, Ashcombe, Loft & Lane, Willowmere, Casa Blanca, Studio Nine, Hearth & Hall, Linnea
closing: Part of our autumn collection; Delivered to the door; Free returns within a month; \
Designed in our own studio; Each piece varies a little
- Furniture | Oak, Walnut, White, Charcoal, Sage, Two-Seater, Three-Seater
* Sofas & Chairs | 90-1600
sofa, armchair, sofa bed, footstool, recliner, accent chair
velvet, linen, bouclé, leather, deep-seated, modular
Sink in and stay for the film; Opens to a proper double bed; \
Covers unzip for washing; Turned legs in solid beech
* Tables & Desks | 45-900 | Oak, Walnut, White, Charcoal, 120 cm, 160 cm
dining table, coffee table, standing desk, console table, bedside table, nest of tables
oak, extending, marble-topped, height-adjustable, mid-century, drop-leaf
Seats eight when the leaf is out; A drawer for chargers and pens; \
Rises at the touch of a button; Rounded corners for small children
* Shelves & Storage | 15-520 | Oak, Walnut, White, Natural, Small, Large
bookcase, shoe rack, chest of drawers, wall shelf, storage basket, wardrobe
ladder, seagrass, floating, slim, solid pine, industrial
Holds three rows of paperbacks; Soft-close drawers on metal runners; \
Tidies boots in a narrow hall; Fixes to the wall for safety
- Bedroom | Single, Double, King, Super King, White, Blush, Slate
* Bedding | 14-220
duvet cover, fitted sheet, pillowcases, bedspread, quilt, bedding set
Egyptian cotton, washed-linen, brushed-cotton, percale, striped, bamboo
Crisp and cool on warm nights; Deep elastic hugs thick mattresses; \
Softer after every wash; Hidden buttons and inside ties
* Pillows & Mattresses | 12-900 | Single, Double, King, Super King, Pair
pillow, mattress, mattress topper, duvet, body pillow, weighted blanket
memory-foam, goose-down, pocket-sprung, orthopaedic, hypoallergenic, cooling
Cradles the neck for side sleepers; Zones that ease the lower back; \
Warm without weight in winter; Try it for a hundred nights
* Curtains & Blinds | 14-210 | White, Blush, Slate, 117 cm, 168 cm, Pair
blackout curtains, roller blind, Roman blind, voile panels, curtain pole
thermal, eyelet, linen, made-to-measure, pencil-pleat, wooden
Keeps the street lamp off the pillow; Hangs in soft even folds; \
Holds warmth in draughty bays; Cuts to width with scissors
- Lighting & Decor | Brass, Black, White, Small, Medium, Large, Set of 2
* Lamps | 18-320
table lamp, floor lamp, desk lamp, pendant light, bedside lamp, wall light
ceramic, brass, rattan, dimmable, adjustable, smoked-glass
Throws a pool of light on the page; Dims low for late evenings; \
The arm bends to wherever you read; A woven shade dapples the ceiling
* Candles & Scents | 5-60 | repeat | 180 g, 300 g, 200 ml, Gift Set, Large
scented candle, reed diffuser, room spray, pillar candles, tealights, incense
soy-wax, fig, sandalwood, hand-poured, fresh-linen, three-wick
Burns clean for forty hours; Fills the hall without shouting; \
The jar makes a handsome tumbler after; Notes of cedar and orange peel
* Mirrors & Prints | 9-260
wall mirror, framed print, photo frame, wall clock, canvas print, gallery set
round, arched, botanical, vintage, gilt, abstract
Brings light into a dark hallway; Printed on heavy cotton paper; \
Ready to hang with a level and two hooks; Ticks silently
* Rugs & Cushions | 9-420 | Rust, Indigo, Natural, Small, Medium, Large
rug, cushion, throw, runner, floor cushion, doormat
wool, jute, Moroccan, hand-tufted, faux-fur, kilim
Warm under bare feet at breakfast; Hides crumbs in its pattern; \
Feather-filled and plump; Traps mud before it travels
- Bathroom & Laundry | White, Sand, Teal, Set of 2, Set of 4, Large
* Towels & Mats | 6-75
bath towel, hand towels, bath mat, bath robe, beach towel, flannels
Turkish cotton, waffle, quick-dry, organic, ribbed, zero-twist
Thirsty loops that stay soft; Dries between showers; \
Hugs you out of the bath; Heavy enough to feel like a hotel
* Bathroom Fittings | 6-130
shower head, toilet brush, soap dispenser, shower curtain, towel rail, bathroom shelf
rainfall, chrome, matte black, rust-free, suction, bamboo
Drenches like summer rain; No drilling and no marks on tiles; \
Resists limescale; Keeps bottles off the edge of the bath
* Laundry & Cleaning | 6-330
laundry basket, clothes airer, ironing board, cordless vacuum, steam mop, iron
folding, heated, lightweight, two-compartment, wall-mounted, bagless
Picks up pet hair from stairs; Dries a full load on a wet day; \
Glides over collars and cuffs; Lifts sticky floors with steam alone
"""
