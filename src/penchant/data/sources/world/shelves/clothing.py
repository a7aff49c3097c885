"""The clothing department's words."""

TEXT = """
= Clothing | weekend 0.1 | evening 0.1 | mobile 0.7
brands: Alderney, Maren, Fitch & Loom, Cotswold Thread, Solstice, Brave Harbour, Odeon, Wren
closing: Wash at thirty degrees; True to size; Free returns; Made in Portugal; \
The model wears a medium; Sewn in a family workshop
- Women | Size 8, Size 10, Size 12, Size 14, Navy, Ivory, Rust, Black
* Dresses | 25-190
wrap dress, midi dress, maxi dress, shirt dress, tea dress, slip dress
floral, linen, pleated, satin, jersey, polka-dot
Ties at the waist and flatters every shape; Pockets hidden in the side seams; \
From office to wedding with a change of shoes; Sways when you dance
* Blouses & Knitwear | 19-160
blouse, cardigan, jumper, turtleneck, camisole, knitted vest
silk, cashmere, merino, broderie, ribbed, oversized
Soft against bare skin; A slouchy fit for cold Sundays; \
Buttons of real shell; Tucks neatly into high-waisted trousers
* Skirts & Trousers | 22-140
midi skirt, wide-leg trousers, culottes, pencil skirt, leggings, skinny jeans
high-waisted, pleated, tailored, denim, stretch, corduroy
Sits at the natural waist; Drapes without creasing on the train; \
Comfortable enough for a long flight; Cropped just above the ankle
- Men | Small, Medium, Large, Navy, Olive, Charcoal, White
* Shirts & T-Shirts | 12-110
Oxford shirt, T-shirt, polo shirt, linen shirt, flannel shirt, henley top
slim-fit, organic cotton, button-down, checked, heavyweight, short-sleeved
The collar rolls well without a tie; Keeps its shape wash after wash; \
Cool on a hot afternoon; Brushed inside for warmth
* Jeans & Chinos | 29-150
jeans, chinos, cargo trousers, joggers, tailored shorts, corduroys
straight-leg, selvedge, tapered, stretch, relaxed, garment-dyed
Raw denim that fades to suit its owner; A little stretch for the bike ride in; \
Smart enough for Friday meetings; Deep pockets and a button fly
* Suits & Coats | 60-480
wool coat, blazer, suit jacket, trench coat, pea coat, waistcoat
double-breasted, herringbone, half-lined, tailored, water-repellent, tweed
Cut close through the waist; Keeps out wind on the platform; \
Horn buttons and a felted undercollar; Lined in smooth cupro
- Shoes | Size 38, Size 40, Size 42, Size 44, Tan, Black, Burgundy
* Boots | 50-260
Chelsea boots, ankle boots, lace-up boots, knee-high boots, wellington boots, desert boots
suede, leather, waterproof, block-heeled, fleece-lined, rubber
Elastic sides pull on in a second; The stitched sole can be replaced; \
Warm feet in slush and puddles; Breaks in within a few days
* Trainers | 35-170
trainers, canvas sneakers, high-tops, slip-on shoes, retro runners, platform sneakers
white leather, canvas, vegan, suede, chunky, low-top
Goes with jeans as well as with a summer dress; A cushioned insole for city walking; \
Wipes clean with a damp cloth; A nod to the courts of the seventies
* Sandals & Heels | 25-190
sandals, espadrilles, court shoes, loafers, ballet flats, mules
strappy, leather, kitten-heeled, woven, metallic, cork-soled
Comfortable through to the last dance; The footbed moulds to your sole; \
Packs flat in a beach bag; A soft back that does not rub
- Accessories | One Size, Black, Tan, Gold, Silver, Mustard, Teal
* Bags & Wallets | 15-260
tote bag, crossbody bag, leather wallet, weekend bag, belt bag, card holder
full-grain, quilted, canvas, vegan-leather, slim, zip-top
Room for a laptop and a change of clothes; Wears in beautifully; \
Slots for six cards and folded notes; An adjustable strap for shoulder or body
* Jewellery & Watches | 12-290
hoop earrings, pendant necklace, signet ring, bracelet, dress watch, stud earrings
gold-plated, sterling silver, freshwater pearl, minimalist, recycled-gold, vintage
Light enough to forget you have them on; Layers with finer chains; \
Set by hand in a small studio; A slim dial under a shirt cuff
* Hats, Scarves & Gloves | 8-95
beanie, wool scarf, sun hat, leather gloves, baseball cap, silk scarf
cashmere, chunky-knit, lambswool, wide-brimmed, touchscreen, printed
Wraps twice round the neck; Keeps ears warm on frosty mornings; \
Shades face and shoulders at the beach; Lined for winter drives
* Socks & Underwear | 5-60 | repeat
ankle socks, boxer briefs, bralette, thermal vest, tights, walking socks
bamboo, cotton, seamless, merino, five-pack, supportive
No seams to rub at the toes; Breathes on warm days; \
The waistband does not roll; Reinforced at heel and toe
"""
