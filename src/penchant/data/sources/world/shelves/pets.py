"""The pet department's words."""

TEXT = """
= Pets | weekend 0.0 | evening 0.0 | mobile 0.2
brands: Wagtail, Biscuit & Boo, Paws North, Tabby Lane, Hearty Hound, Fin & Feather, Muddle
closing: Vet approved; Loved by fussy animals; Delivered every month if you like; \
Recyclable packaging; A hit with our own pets
- Dogs | Small, Medium, Large, 2 kg, 12 kg, Red, Navy
* Dog Food & Treats | 3-65 | repeat | 400 g, 2 kg, 12 kg, Pack of 12, Trial Size
dry dog food, wet dog food, dental chews, training treats, puppy food, beef jerky strips
grain-free, chicken, salmon, senior, cold-pressed, lamb-and-rice
Gentle on sensitive stomachs; Cleans teeth while they chew; \
Tiny rewards for good recall; Keeps coats glossy
* Dog Walking | 6-75 | Small, Medium, Large, Red, Navy
dog lead, harness, dog collar, dog coat, poo bags, car seat belt
no-pull, reflective, padded, retractable, waterproof, leather
Spreads the pull across the chest; Seen in headlights at night; \
Clips on with one hand; Warm on frosty morning walks
* Dog Beds & Toys | 5-130 | Small, Medium, Large, Grey, Navy
dog bed, chew toy, rope toy, ball launcher, dog crate, snuffle mat
orthopaedic, tough, squeaky, memory-foam, plush, indestructible
Supports old hips; Stands up to determined jaws; \
Flings a ball further than any arm; Hides biscuits for a busy nose
- Cats | Chicken, Tuna, 1.5 kg, 4 kg, Grey, Cream, 10 Litre
* Cat Food & Litter | 3-48 | repeat
dry cat food, cat food pouches, cat litter, kitten food, lickable treats, clumping litter
indoor, tuna, odour-control, grain-free, natural, senior
Small kibble for small mouths; Clumps firmly and scoops cleanly; \
Helps with hairballs; Fish in jelly that disappears at once
* Cat Trees & Toys | 4-190 | Grey, Cream, Small, Tall, Set of 3
cat tree, scratching post, feather wand, catnip mouse, cat tunnel, laser toy
sisal, tall, interactive, cardboard, multi-level, motion-activated
Saves the arm of the sofa; Perches high above the dog; \
Sends lazy cats leaping; Hung with a dangling ball
* Cat Care | 6-140 | Grey, Cream, White, Small, Large
cat carrier, cat flap, grooming brush, litter tray, water fountain, cat bed
microchip, covered, self-cleaning, quiet, soft-sided, heated
Lets your own cat in and strays out; Lifts loose undercoat without tugging; \
Running water tempts them to drink; Fits under an aeroplane seat
- Small Animals & Fish | Small, Medium, Large, 20 Litre, 60 Litre, 1 kg
* Aquariums | 9-330
aquarium, fish tank filter, fish food flakes, aquarium plants, tank heater, gravel
glass, LED-lit, quiet, tropical, nano, complete
Everything for a first shoal of tetras; Keeps water clear without fuss; \
Holds a steady twenty-five degrees; A green backdrop for guppies
* Rabbits & Hamsters | 4-210 | Small, Medium, Large, 1 kg, 3 kg
rabbit hutch, hamster cage, timothy hay, guinea pig pellets, exercise wheel, chew sticks
two-storey, silent, natural, wooden, high-fibre, foldable
Sweet meadow hay for healthy teeth; Spins all night without a squeak; \
A ramp down to a grassy run; Keeps foxes out with strong bolts
* Cage Birds & Reptiles | 4-180 | Small, Medium, Large, 500 g, 1 kg
bird cage, budgie seed, parrot toy, vivarium, heat lamp, cuttlefish bone
tall, tropical, wooden, glass-fronted, ceramic, vitamin-rich
Bars close enough for finches; Basking spot for a bearded dragon; \
Shreds happily under a parrot's beak; Millet and oats in equal parts
"""
