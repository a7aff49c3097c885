"""The electronics department's words."""

TEXT = """
= Electronics | weekend -0.2 | evening 0.4 | mobile -0.7
brands: Voltera, Kestrel Audio, Lumio, Nexon, Halden, Pixelforge, Arcwave, Tenfold
titles: {brand} {name} {model} {noun} | {brand} {quality} {noun}, {variant} | \
{brand} {model} {quality} {noun} | {quality} {noun} with {variant} finish | {brand} {name} {noun}
closing: Two-year warranty; Charger included; Quick-start guide in the box; \
Updates itself over the air; Plug in and play
- Audio | Black, White, Silver, Navy, Rose Gold, Graphite
* Headphones | 25-420
over-ear headphones, on-ear headphones, studio headphones, gaming headset
noise-cancelling, wireless, closed-back, foldable, high-resolution, wired
Hushes the drone of trains and planes; Forty hours of music on one charge; \
Memory-foam pads for long listening; A clear microphone for calls
* Earbuds | 19-280
true wireless earbuds, sport earphones, in-ear monitors, bone-conduction earphones
sweatproof, noise-cancelling, low-latency, Bluetooth, compact, deep-bass
The pocket case recharges them three times; Three sizes of silicone tips seal the ear; \
Stays put on a run; Tap to skip a track or answer
* Speakers | 29-600
Bluetooth speaker, bookshelf speakers, soundbar, smart speaker, subwoofer, party speaker
portable, waterproof, multi-room, active, wireless, compact
Fills a room with warm bass; Pairs with a second unit for stereo; \
Clear dialogue from film and television; Floats if it falls into the pool
* Turntables & Radios | 39-520
record player, turntable, DAB radio, internet radio, alarm clock radio, stereo amplifier
belt-drive, retro, Bluetooth, walnut, automatic, two-speed
Plays LPs and singles with a magnetic cartridge; Presets for your ten favourite stations; \
A built-in phono stage; The counterweighted arm tracks lightly
- Computers | 8 GB, 16 GB, 256 GB, 512 GB, Space Grey, Silver
* Laptops & Tablets | 180-2100 | 8 GB, 16 GB, 256 GB, 512 GB, Space Grey, Silver
laptop, ultrabook, tablet, two-in-one notebook, e-reader, Chromebook
14-inch, lightweight, touchscreen, fanless, 13-inch, gaming-grade
All-day battery and a bright screen; Weighs little more than a magazine; \
Runs cool and silent on the sofa; Handles spreadsheets and video editing alike
* Keyboards & Mice | 12-190 | Black, White, Space Grey, Lilac, UK Layout
mechanical keyboard, wireless mouse, trackball, compact keyboard, vertical mouse, desk mat
ergonomic, hot-swappable, backlit, silent, rechargeable, low-profile
Switches with a crisp tactile click; Angled to rest the wrist; \
Swaps between three devices at a touch; Tracks on glass and wood alike
* Monitors | 95-980 | Black, White, Silver, With Stand, VESA Mount
monitor, ultrawide display, gaming monitor, portable screen, monitor arm
27-inch, 4K, curved, 144 Hz, colour-accurate, anti-glare
One USB-C cable carries picture and power; Room for two documents side by side; \
Smooth motion in fast shooters; Tilts and turns to portrait
* Storage & Networking | 12-320 | 256 GB, 512 GB, 1 TB, 2 TB, Black, White
portable SSD, USB stick, external hard drive, mesh router, Wi-Fi extender, memory card
high-speed, shockproof, encrypted, dual-band, rugged, compact
Moves a film in a few seconds; Backs up a whole laptop overnight; \
Strong signal from attic to cellar; Survives a drop onto concrete
- Photo & Video | Black, Silver, Kit, Body Only, Bundle, Compact
* Cameras & Lenses | 70-1900 | Black, Silver, Kit, Body Only, Bundle
mirrorless camera, compact camera, instant camera, prime lens, zoom lens, action camera
24-megapixel, weather-sealed, stabilised, wide-angle, full-frame, pocket-size
Locks focus on eyes and keeps it there; Soft backgrounds for portraits; \
Prints appear while the party goes on; Sharp detail in low light
* Tripods & Bags | 15-230 | Black, Olive, Grey, Small, Large
travel tripod, camera backpack, shoulder bag, phone gimbal, camera strap, ring light
carbon-fibre, padded, aluminium, waterproof, folding, adjustable
Legs fold back to fit hand luggage; Dividers protect bodies and lenses; \
Steadies footage while walking; Even light for video calls
* TVs & Projectors | 110-1800 | Black, Silver, White, 2024 Edition, With Remote
smart TV, OLED television, home projector, streaming stick, TV wall bracket
55-inch, 4K, mini, full-HD, laser, 43-inch
True blacks for films at night; All the streaming apps built in; \
Throws a three-metre picture on a plain wall; Upscales old series crisply
- Smart & Mobile | Black, White, Sand, Blue, 41 mm, 45 mm
* Phones & Cases | 9-900 | Black, Clear, Sand, Blue, Lilac
smartphone, phone case, screen protector, phone stand, folding phone
5G, shockproof, clear, dual-SIM, leather, magnetic
Raised edges guard the camera; A bright screen that reads in full sun; \
Slips into a pocket with no bulk; Takes sharp photographs after dark
* Chargers & Power | 8-120 | Black, White, 1 m, 2 m, Twin Pack
power bank, wall charger, wireless charger, USB-C cable, travel adapter, solar charger
65 W, fast-charging, braided, compact, three-port, magnetic
Fills a phone to half in twenty minutes; Charges laptop, phone and watch at once; \
Slim enough for a jacket pocket; Works in a hundred and fifty countries
* Wearables | 29-480 | 41 mm, 45 mm, Black, Sand, Rose Gold
smartwatch, fitness tracker, GPS running watch, heart-rate strap, smart ring
waterproof, slim, solar, AMOLED, long-life, rugged
Tracks sleep, steps and heart rate; Maps a run without a phone; \
A week between charges; Buzzes gently for calls and messages
* Smart Home | 12-260 | White, Black, Twin Pack, Starter Kit, Single
smart bulb, video doorbell, smart plug, security camera, smart thermostat, motion sensor
Wi-Fi, battery-powered, dimmable, outdoor, voice-controlled, energy-saving
See who is at the door from anywhere; Learns when the house is empty; \
Sets the evening scene by voice; Sends a clip when something moves
"""
