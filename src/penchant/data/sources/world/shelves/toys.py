"""The toy department's words."""

TEXT = """
= Toys & Games | weekend 0.5 | evening 0.1 | mobile 0.2
brands: Tumbledown, Little Heron, Brightbox, Wobble & Sons, Acorn Lane, Gamewright's Guild, Pippin
closing: Meets every safety standard; From three years upwards; \
A well-loved present; Rules in six languages
- Games & Puzzles | 2–4 Players, Family Edition, Travel Edition, Deluxe, Second Edition
* Board Games | 12-95
strategy game, family game, dungeon crawler, trading game, deduction game, worker-placement game
cooperative, award-winning, medieval, fast-paced, legacy, tile-laying
Build roads, trade sheep and block your rivals; Plays in an hour and begs for another round; \
Everyone wins together or loses to the island; Wooden pieces and a board that folds
* Card & Dice Games | 5-32
card game, dice game, trivia cards, party game, deck-building game, playing cards
pocket, quick, hilarious, bluffing, two-player, classic
Learnt in two minutes and played for years; Bluff, groan and accuse your friends; \
Fits in a coat pocket for trains; Roll again or bank your points
* Jigsaw Puzzles | 8-40 | 48 × 68 cm, 50 × 70 cm, Deluxe, Gift Boxed, Limited Edition
jigsaw puzzle, wooden puzzle, 3D puzzle, floor puzzle, brain teaser
1000-piece, 500-piece, panoramic, illustrated, hand-cut, glow-in-the-dark
A harbour at dusk in a thousand pieces; Thick board that clicks together; \
A rainy weekend's patience; Whimsical shapes hide among the pieces
- Building & Making | 120 Pieces, 350 Pieces, 800 Pieces, Starter Set, Deluxe Set
* Construction Sets | 9-190
building bricks, marble run, magnetic tiles, wooden blocks, castle set, spaceship set
compatible, colourful, gravity-defying, motorised, translucent, giant
Clicks together and comes apart again; Builds a tower taller than its builder; \
Marbles race through loops and drops; Teaches balance without saying so
* Model Kits & Trains | 12-260 | Starter Set, Deluxe Set, Red, Green, Limited Edition
model aircraft kit, train set, model car, track extension, slot racing set, ship kit
1:72 scale, wooden, electric, die-cast, detailed, remote-controlled
Decals for two historic squadrons; Runs a figure of eight with bridge and tunnel; \
Moulded rivets reward a fine brush; Couples to other railways
* Arts & Crafts | 4-60 | Starter Set, Deluxe Set, 12 Colours, 24 Colours, Pack of 2
paint set, craft box, clay kit, bead set, sketch pad, felt-tip pens
washable, 24-colour, air-dry, beginner's, glitter, watercolour
Bright colours that wash off tables; Threads into bracelets for friends; \
Dries hard without an oven; Ideas for fifty rainy afternoons
* Science Kits | 12-90 | Starter Set, Deluxe Set, Ages 8+, Ages 10+, Classroom Set
chemistry set, microscope, crystal-growing kit, robot kit, telescope, volcano kit
beginner's, solar-powered, coding, tabletop, 600×, hands-on
Grow blue crystals overnight; See onion cells for the first time; \
Program it to follow a line; Experiments that fizz and bang
- Dolls & Little Ones | Pink, Blue, Natural Wood, Small, Large, Gift Boxed
* Dolls & Figures | 8-95
doll, dolls' house, action figure, dinosaur figures, knight set, mermaid doll
hand-painted, wooden, poseable, cloth, talking, collectable
Outfits with real buttons; Arms and knees bend for battle; \
Three floors with furniture; A roaring jaw and a swishing tail
* Soft Toys | 6-60
teddy bear, plush rabbit, soft elephant, comforter, hand puppet, cuddly fox
organic cotton, extra-soft, weighted, classic, giant, jointed
The right size for under an arm; Stitched eyes safe from birth; \
Goes in the wash with the sheets; Floppy ears to hold at bedtime
* Baby Toys | 5-70
stacking rings, rattle, activity gym, bath toys, teether, pull-along duck
wooden, sensory, high-contrast, silicone, musical, rainbow
Soothes sore gums; Crinkles, jingles and rattles; \
Quacks along behind first steps; Helps little hands learn to grasp
- Outdoor & Hobby | Red, Green, Ages 3–5, Ages 6–9, Junior, Large
* Ride-Ons & Scooters | 25-240
scooter, balance bike, tricycle, ride-on tractor, roller skates, skateboard
three-wheeled, adjustable, light-up, folding, wooden, aluminium
First steps towards a bicycle; Wheels flash as they turn; \
Leans to steer and is hard to tip; Grows with the child
* Garden Play | 8-320 | Small, Medium, Large, Red, Green
trampoline, sandpit, climbing frame, swing seat, water table, kite
foldaway, wooden, enclosed, weatherproof, easy-fly, toddler
A net all round keeps jumpers in; Hours of digging on a warm day; \
Flies in the lightest breeze; Bolts to the tree in ten minutes
* Musical Toys | 8-160 | Red, Natural Wood, Blue, Junior, With Case
ukulele, glockenspiel, toy drum, recorder, keyboard, tambourine
beginner's, rainbow, wooden, half-size, 37-key, tuned
Properly tuned so that practice sounds like music; Coloured notes match the song book; \
A strap for small shoulders; A first instrument that stays in tune
* Video Games | 15-75 | Standard Edition, Deluxe Edition, Console, PC, Limited Edition
racing game, adventure game, football simulation, farming game, puzzle platformer, controller
open-world, online, co-op, pixel-art, remastered, wireless
Grow turnips and befriend the village; Drift through rain at two hundred miles an hour; \
Split-screen for the sofa; A hundred hours of quests and secrets
"""
