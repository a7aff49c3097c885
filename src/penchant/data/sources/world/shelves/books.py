"""The book department's words."""

TEXT = """
= Books | weekend 0.1 | evening 0.9 | mobile 0.1
brands: Harbour Lane Press, Quill & Candle, Ninth Street Books, Foxglove Editions, Meridian House, \
Longshadow, Paper Lantern, Saltmarsh Press
titles: The {quality} {noun} | The {noun} of {name} | A {noun} in {name} | {quality} {noun} | \
The {quality} {noun} of {name} | {name} and the {quality} {noun}
opening: {variant} edition from {brand} | Published by {brand} in {variant} | \
New from {brand} | The new book from the author of {name} and the {noun}
closing: Includes notes for reading groups; A bestseller in eleven languages; \
Shortlisted for a prize; With an afterword by the author
- Crime & Thrillers | Hardback, Paperback, Large Print, Signed
* Detective Mysteries | 6-22
murder, inquest, alibi, constable, poisoning, vicarage killing
silent, last, Tuesday, locked, unsolved, second
An inspector close to retirement reopens a drowning nobody wanted solved; \
Every guest at the country house had a motive; The clue was on the first page all along; \
A quiet village hides a careful murderer
* Spy Thrillers | 6-22
defector, cipher, handler, sleeper agent, dossier, embassy affair
double, Berlin, burned, forgotten, Moscow, final
A retired agent is called back when an old network starts to vanish; \
Nobody at the ministry can be trusted; A coded message crosses the border in a violin case; \
Betrayal waits at the dead drop
* Psychological Thrillers | 6-21
neighbour, wife, witness, stranger, confession, au pair
perfect, missing, other, lying, watching, sleepless
She wakes with no memory and somebody else's phone; The marriage looked flawless from the street; \
A twist in the last chapter turns the story round; Somebody is moving things in the house
- Fantasy & Science Fiction | Hardback, Paperback, Collector's, Illustrated
* Epic Fantasy | 8-28
throne, dragon, sorceress, blade, prophecy, winter court
broken, ember, hollow, shattered, exiled, thousandfold
A farm boy carries a sword that remembers its dead kings; \
Dragons return to a realm that forgot magic; \
The mage must choose between her order and the queen; Maps and a glossary of the old tongue
* Space & Future | 7-26
starship, colony, orbit, signal, machine mind, generation ark
distant, drifting, quantum, red, lightless, seventh
First contact comes as a message that nobody sent; A salvage crew finds a ship older than the sun; \
The colony's artificial intelligence has begun to dream; Hard science and a very human captain
* Ghosts & Horror | 6-22
haunting, asylum, séance, cellar, graveyard, whisperer
hungry, pale, rotting, midnight, drowned, nameless
Something scratches behind the nursery wall; The old asylum never really closed; \
The villagers leave milk out for what walks at night; Not to be read alone
- Fiction | Hardback, Paperback, Large Print, Special
* Literary Novels | 7-24
orchard, inheritance, daughter, summer house, cartographer, ferry
quiet, unfinished, borrowed, ordinary, tender, salt
Three generations gather to sell the family house; A quiet study of grief and forgiveness; \
The prose is spare and luminous; A marriage told backwards through its letters
* Romance | 5-18
proposal, kiss, wedding guest, bookshop, roommate, holiday fling
accidental, second, fake, reluctant, unexpected, summer
Rivals must share one cottage for the whole of August; She swore off love until the vet moved in; \
Banter, heartbreak and a happy ending; A fake engagement becomes dangerously real
* Historical Novels | 7-24
queen, apothecary, shipwright, lady's maid, regiment, merchant's widow
Tudor, scarlet, lost, gilded, rebel, Venetian
Plague creeps towards the gates of the city; \
A lady-in-waiting carries letters that could cost her head; \
The war takes both brothers to opposite sides; Rich in the smells and sounds of its century
- Non-Fiction | Hardback, Paperback, Updated, Illustrated
* History | 9-32
empire, revolution, siege, republic, crusade, silk road
fallen, Roman, forgotten, medieval, long, contested
How a handful of traders built an empire and lost it; Drawn from newly opened archives; \
Battles, treaties and the people in between; Traces the causes of the war year by year
* Popular Science | 9-28
brain, cosmos, gene, ocean, equation, microbe
hidden, curious, elegant, restless, improbable, living
Explains black holes without a single equation; A neuroscientist on why memory deceives us; \
What our DNA says about where we came from; Experiments that changed how we see the world
* Biography | 8-30
life, portrait, letters, diaries, memoir, early years
private, unquiet, remarkable, untold, collected, reluctant
The first full account of a painter who burned her work; Frank about fame and its costs; \
From a mining town to the Nobel prize; Told through diaries and interviews
* Mind & Money | 8-24
habit, decision, investor, attention, negotiation, morning
calm, deep, patient, simple, focused, fearless
Small routines that change a working day; A sceptic's guide to saving and index funds; \
Exercises at the end of each chapter; How to say no without guilt
- Food & Travel Books | Hardback, Paperback, Illustrated, Pocket
* Cookery Books | 10-34
kitchen, table, bakery, one-pot supper, vegetarian feast, sourdough
Tuscan, weeknight, green, Lebanese, slow, Sunday
A hundred recipes for busy evenings; Step by step from starter to loaf; \
Each dish is photographed in natural light; Simple ingredients and generous flavours
* Travel Guides | 8-24
road trip, hiking trail, island, railway journey, city walk, coast path
Scottish, secret, wild, Japanese, Alpine, endless
Maps and walks tested on foot; Where to eat, sleep and linger; \
Day trips by train beyond the tourist crowds; Practical advice for a first visit
"""
