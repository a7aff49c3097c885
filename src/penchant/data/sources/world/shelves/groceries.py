"""The grocery department's words."""

TEXT = """
= Groceries | weekend 0.4 | evening -0.3 | mobile 0.4
brands: Barley & Bean, Oldfield Farm, Casa Verde, Millstone, Honest Jar, Three Rivers, Tamsin's
closing: Store in a cool dry place; A regular in our baskets; Suitable for vegetarians; \
From a family business; Small-batch made; Nothing artificial
- Coffee & Tea | 250 g, 500 g, 1 kg, 40 Bags, 80 Bags, Gift Tin
* Coffee | 4-28 | repeat | 250 g, 500 g, 1 kg, 30 Servings
ground coffee, coffee beans, espresso blend, coffee capsules, cold brew, filter coffee
Ethiopian, dark-roast, decaf, single-origin, Colombian, house
Notes of blackcurrant and cocoa; Roasted to order each Monday; \
A heavy body that stands up to milk; Low acidity and a sweet finish
* Tea & Infusions | 2-22 | repeat | 40 Bags, 80 Bags, 125 g, 250 g, Gift Tin
green tea, breakfast tea, Earl Grey, peppermint infusion, chai, rooibos
loose-leaf, organic, jasmine, smoky, first-flush, caffeine-free
Brews to a brisk copper cup; Scented with real bergamot; \
Steep for three minutes and no longer; Calms the stomach after dinner
* Hot Chocolate & Syrups | 3-18 | 250 g, 350 g, 500 ml, 750 ml, Gift Tin
hot chocolate flakes, drinking chocolate, vanilla syrup, malted drink, hazelnut syrup
70 % cocoa, velvety, Belgian, sugar-free, spiced, salted-caramel
Melts into warm milk on cold nights; A pump turns coffee into a treat; \
Thick enough to coat the spoon; A pinch of chilli at the end
- Pantry | 250 g, 500 g, 1 kg, Pack of 4, Pack of 6, Family Size
* Pasta, Rice & Grains | 1-9 | repeat
spaghetti, penne, basmati rice, couscous, risotto rice, red lentils
bronze-cut, wholewheat, aged, organic, egg, gluten-free
Rough edges hold on to sauce; Cooks to separate grains in twelve minutes; \
Creamy when stirred with stock; A store-cupboard supper
* Oils, Sauces & Spices | 2-19 | repeat | 50 g, 250 ml, 500 ml, 190 g Jar, Family Size
olive oil, soy sauce, smoked paprika, curry paste, balsamic vinegar, tomato passata
extra virgin, cold-pressed, hot, aged, Sicilian, fermented
Peppery at the back of the throat; A spoonful lifts a stew; \
Ripened on the vine; Dress leaves or dip warm bread
* Baking Ingredients | 1-14 | repeat
bread flour, caster sugar, baking powder, dried yeast, ground almonds, vanilla extract
stone-ground, strong white, golden, organic, fine, Madagascan
Lifts scones and sponges; High protein for an open crumb; \
Milled slowly between stones; Fragrant in custard and shortbread
* Breakfast & Spreads | 2-12 | repeat
granola, porridge oats, honey, peanut butter, strawberry jam, muesli
crunchy, toasted, wildflower, no-added-sugar, jumbo, smooth
Clusters of nuts and seeds; Spoon over yoghurt; \
From hives on heather moors; Thick on hot buttered toast
- Treats | 100 g, 150 g, 200 g, Sharing Bag, Box of 12, Gift Box
* Chocolate | 2-24 | repeat
chocolate bar, truffles, chocolate buttons, pralines, caramel bar, chocolate box
dark, milk, sea-salt, ruby, hazelnut, single-estate
Snaps cleanly and melts slowly; Filled with soft caramel; \
Traded directly with growers; A bitter edge and a long finish
* Crisps & Nuts | 1-12 | repeat
crisps, tortilla chips, roasted cashews, popcorn, salted almonds, rice crackers
hand-cooked, chilli, sea-salt, smoky, sweet-and-salty, lightly salted
Thick cut with the skin left on; Crunches loudly with a cold beer; \
Dips well in salsa; Roasted in small trays
* Biscuits & Cakes | 2-15 | repeat | 150 g, 200 g, Gift Tin, Box of 12, Twin Pack
shortbread, oat cookies, fruit cake, ginger biscuits, flapjacks, brownies
all-butter, chewy, stem-ginger, gluten-free, double-chocolate, traditional
Crumbles with a cup of tea; Made with real butter; \
Gooey in the middle; Keeps moist for weeks in its tin
- Drinks & Household | 330 ml, 750 ml, 1 Litre, Pack of 6, Pack of 12, Case of 6
* Wine & Beer | 2-45 | repeat
red wine, sauvignon blanc, pale ale, prosecco, stout, rosé
Rioja, hazy, crisp, oak-aged, alcohol-free, organic
Blackberry fruit and soft tannins; Hops of grapefruit and pine; \
Chill well and serve with oysters; Poured at Sunday roasts
* Soft Drinks & Juice | 1-14 | repeat
orange juice, tonic water, kombucha, ginger beer, sparkling water, elderflower cordial
cloudy, freshly pressed, fiery, low-sugar, botanical, lightly sparkling
Bubbles fine enough for a good gin; Pressed within hours of picking; \
Live cultures and a gentle tang; Dilute one part to ten
* Cleaning & Laundry | 2-20 | repeat | 750 ml, 1.5 Litre, 3 Litre, Pack of 40, Refill
laundry liquid, dishwasher tablets, surface spray, fabric softener, washing-up liquid, bin bags
plant-based, concentrated, lemon, non-bio, refillable, unscented
Cuts through grease at low temperatures; Kind to septic tanks and skin; \
Leaves glasses without streaks; Lifts grass stains from school shirts
"""
