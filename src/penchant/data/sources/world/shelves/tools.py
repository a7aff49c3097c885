"""The tool department's words."""

TEXT = """
= DIY & Tools | weekend 0.9 | evening -0.5 | mobile -0.5
brands: Ironbridge, Torq, Steadfast, Millwright, Hexa, Bolton & Pike, Grafter, Yellowline
titles: {brand} {quality} {noun}, {variant} | {brand} {model} {noun} | \
{quality} {noun}, {variant} | {brand} {model} {quality} {noun} | \
{brand} {noun} – {quality}, {variant}
closing: Three-year trade guarantee; Supplied in a carry case; Trusted on building sites; \
Spare parts are available; Meets trade standards
- Power Tools | 12 V, 18 V, Bare Unit, With 2 Batteries, 240 V, Kit
* Drills & Drivers | 25-340
combi drill, impact driver, hammer drill, cordless screwdriver, SDS drill, drill bit set
brushless, two-speed, compact, keyless, heavy-duty, titanium-coated
Drives long screws into oak without pilot holes; Bores masonry on the hammer setting; \
A clutch that stops before the head strips; Lights up the inside of a cabinet
* Saws & Sanders | 29-420
circular saw, jigsaw, mitre saw, orbital sander, belt sander, multi-tool
laser-guided, variable-speed, sliding, dust-collecting, cordless, fine-finish
Cuts skirting to a clean mitre; Follows curves in worktop; \
Smooths boards ready for varnish; Stops within a second of release
- Hand Tools | Set of 4, Set of 6, 16 oz, 300 mm, 500 mm, Large
* Hammers & Screwdrivers | 5-70
claw hammer, screwdriver set, rubber mallet, pry bar, nail punch, tack hammer
fibreglass, insulated, magnetic-tipped, forged, hickory, anti-vibration
Pulls bent nails without marking wood; Tips that bite and do not cam out; \
Absorbs the shock before it reaches the elbow; Balanced for one clean swing
* Spanners & Pliers | 6-120 | Set of 4, Set of 12, 200 mm, 250 mm
spanner set, socket set, long-nose pliers, adjustable wrench, hex keys, pipe wrench
chrome-vanadium, ratcheting, insulated, metric, stubby, locking
Reaches bolts behind the sink; Seventy-two teeth work in tight corners; \
Grips round pipe without slipping; Laid out in a marked tray
* Hand Saws & Planes | 9-140 | Set of 4, 300 mm, 500 mm, With Sheath, Large
hand saw, wood chisel set, block plane, tenon saw, hacksaw, spokeshave
hardpoint, bevel-edged, Japanese, Sheffield-steel, fine-toothed, low-angle
Takes a curl off end grain; Cuts on the pull and leaves a thin kerf; \
Pares hinge recesses cleanly; Holds an edge through hardwood
* Measuring | 4-160 | 3 m, 5 m, 300 mm, 600 mm, With Case
tape measure, spirit level, laser level, combination square, stud detector, digital caliper
magnetic, self-levelling, 5 m, aluminium, cross-line, precision
Throws a level line round the room; Finds pipes and joists behind plaster; \
Stands out three metres before it folds; Reads to a tenth of a millimetre
- Paint & Decorating | 1 Litre, 2.5 Litre, 5 Litre, Chalk White, Dove Grey, Deep Teal
* Paint & Varnish | 8-75
emulsion paint, wood varnish, masonry paint, undercoat, furniture paint, floor paint
matt, quick-drying, satin, exterior, low-odour, one-coat
Covers dark walls in two coats; Wipes clean of fingerprints; \
Dries within the hour; Guards timber through wet winters
* Brushes & Rollers | 3-48 | Set of 3, Set of 5, 25 mm, 50 mm, 9 Inch
paint brush set, roller kit, masking tape, filling knife, dust sheet, wallpaper brush
synthetic, microfibre, no-loss, long-handled, angled, disposable
Cuts in sharply along the ceiling; Leaves no bristles in the gloss; \
Peels away without lifting paint; Spreads evenly over rough plaster
* Fillers & Adhesives | 3-28 | repeat | Clear, White, Oak, 250 ml, 310 ml
wood filler, silicone sealant, wood glue, grab adhesive, decorator's caulk, epoxy resin
fast-setting, mould-resistant, waterproof, flexible, solvent-free, paintable
Sands smooth in half an hour; Holds mirrors without a screw; \
Seals round baths and basins; Fills cracks that move with the seasons
- Workshop & Fixings | Pack of 50, Pack of 100, Pack of 200, Small, Large, Grey
* Screws & Fixings | 2-30 | repeat
wood screws, wall plugs, picture hooks, hinges, angle brackets, masonry bolts
zinc-plated, stainless steel, countersunk, heavy-duty, brass, self-drilling
Bites into softwood without splitting; Grips plasterboard behind the hole; \
Will not rust outdoors; Sorted by size in a clear box
* Tool Storage | 12-320 | Small, Medium, Large, Grey, 19 Inch
tool box, tool belt, workbench, storage case, sawhorses, pegboard kit
stackable, folding, rolling, steel, lockable, leather
Rolls over gravel to the van; Clamps timber between its jaws; \
Every bit in its own slot; Carries a day's tools on the hip
* Safety & Workwear | 4-140 | Medium, Large, Extra Large, Black, Yellow
safety glasses, work boots, ear defenders, dust mask, work trousers, rigger gloves
steel-toed, anti-fog, cut-resistant, knee-pad, hi-vis, breathable
Guards toes under a dropped block; Filters fine dust from sanding; \
Pockets where the hand falls; Quiet enough to hear a colleague speak
"""
