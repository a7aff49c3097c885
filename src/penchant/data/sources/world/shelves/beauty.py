"""The beauty department's words."""

TEXT = """
= Beauty | weekend 0.0 | evening 0.4 | mobile 0.8
brands: Fleur d'Or, Pure Tarn, Solène, Botanica No. 9, Glasshouse, Moss & Mineral, Halo, Ondine
closing: Never tested on animals; Dermatologically tested; Suitable for vegans; \
A favourite of our readers; Comes in a recycled box
- Skincare | 30 ml, 50 ml, 100 ml, Travel Size, Refill, Duo
* Face Creams & Serums | 9-110 | repeat
day cream, night cream, face serum, eye cream, face oil, moisturiser
hyaluronic, vitamin C, retinol, fragrance-free, peptide, SPF 30
Sinks in without a greasy film; Softens fine lines over six weeks; \
Calms red and reactive skin; Wakes up tired eyes
* Cleansers & Masks | 6-48 | repeat
cleansing balm, face wash, clay mask, micellar water, exfoliating toner, sheet masks
gentle, charcoal, rosehip, salicylic, oat, overnight
Melts mascara and sunscreen; Clears pores without stripping; \
Leaves skin soft for make-up; Rinse off after ten minutes
* Sun Care | 7-38
sunscreen, after-sun lotion, tanning mousse, sun stick, lip sun balm
SPF 50, mineral, water-resistant, invisible, cooling, tinted
High protection that leaves no white cast; Reapply every two hours at the beach; \
Cools warm skin with aloe; Gradual colour without streaks
- Make-up | Nude, Rose, Berry, Fair, Medium, Deep, Coral
* Lips | 5-42
lipstick, lip gloss, lip liner, lip balm, lip tint, lip mask
matte, satin, plumping, sheer, long-lasting, hydrating
One swipe of full colour; Does not feather or dry the lips; \
Wears through dinner and a coffee; Smells faintly of vanilla
* Eyes | 5-55 | Black, Brown, Plum, Bronze, Mini
mascara, eyeliner, eyeshadow palette, brow gel, lash curler, brow pencil
waterproof, volumising, smoky, precision, shimmering, lengthening
Lifts and separates every lash; Draws a crisp wing in one stroke; \
Twelve shades from sand to plum; Stays put through tears and rain
* Foundation & Blush | 8-58
foundation, concealer, blusher, bronzer, setting powder, highlighter
lightweight, full-coverage, dewy, cream, buildable, matte
Evens the skin and still looks like skin; Covers dark circles without creasing; \
A soft glow on the cheekbones; Sets make-up for the whole day
- Hair | 250 ml, 400 ml, 1 Litre, Travel Size, Rose Gold, Black
* Shampoo & Conditioner | 4-36 | repeat | 250 ml, 400 ml, 1 Litre, Travel Size, Refill
shampoo, conditioner, hair mask, scalp scrub, shampoo bar, leave-in conditioner
argan oil, sulphate-free, volumising, colour-protecting, anti-dandruff, coconut
Lathers gently and rinses clean; Untangles wet curls; \
Brings shine back to coloured hair; Soothes an itchy scalp
* Hair Tools | 9-320 | Rose Gold, Black, White, Gift Set, Travel Size
hair dryer, straightener, curling wand, hot brush, paddle brush, hair clipper
ionic, ceramic, cordless, lightweight, ionic-ceramic, wide-barrel
Dries thick hair in ten minutes; Loose waves that last till evening; \
Glides without snagging; A cool shot sets the style
* Styling | 5-34 | repeat | 75 ml, 150 ml, 250 ml, Travel Size
hairspray, styling wax, dry shampoo, curl cream, hair gel, texturising spray
strong-hold, matte, volumising, sea-salt, light, frizz-taming
Refreshes roots between washes; Defines curls without crunch; \
Brushes out with no residue; Beachy texture in a few sprays
- Body & Bath | 200 ml, 300 ml, 500 ml, Gift Set, Lavender, Citrus, Cedar
* Bath & Shower | 4-38 | repeat
shower gel, bath salts, hand soap, body scrub, bubble bath, bath bombs
lavender, eucalyptus, citrus, magnesium, oatmeal, sea-kelp
Turns a bath into an evening off; Scrubs elbows and heels smooth; \
Gentle enough for daily use; Steam carries the scent of the garden
* Perfume | 18-190 | 30 ml, 50 ml, 100 ml, Gift Set, Travel Spray
eau de parfum, eau de toilette, cologne, solid perfume, body mist
woody, citrus, jasmine, amber, fresh, sandalwood
Opens with bergamot and settles into cedar; A quiet scent that stays close; \
Notes of fig, pepper and warm skin; Lasts from breakfast to midnight
* Shaving & Grooming | 6-260 | 75 ml, Black, Chrome, Gift Set, Starter Set
safety razor, beard oil, shaving cream, electric shaver, beard trimmer, aftershave balm
double-edge, sandalwood, cordless, wet-and-dry, badger-bristle, alcohol-free
A close shave without razor burn; Softens a wiry beard; \
Whips into a dense lather; Trims to twenty lengths
* Dental & Hand Care | 3-120 | repeat | 75 ml, 100 ml, Twin Pack, Mint, Rose
electric toothbrush, toothpaste, hand cream, nail polish, mouthwash, dental floss
whitening, sensitive, fluoride, shea-butter, quick-drying, sonic
Two minutes morning and night; Repairs cracked hands in winter; \
Two coats and no chips for a week; Fresh breath without the sting
"""
