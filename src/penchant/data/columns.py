"""The names of the columns, in one place; DESIGN's words."""

from typing import Final

USER: Final = "user_id"
ITEM: Final = "item_id"
TIME: Final = "timestamp"
EVENT: Final = "event"
VALUE: Final = "value"
SESSION: Final = "session_id"
TEXT: Final = "text"
POSITION: Final = "position"  # events: order inside a tie of time; exposures: place in the list
INTEREST: Final = "interest"  # feedback: id, name or path of an interest
EVENT_ID: Final = "event_id"  # the sender's own id of an event, where there is one

TITLE: Final = "title"
DESCRIPTION: Final = "description"
CATEGORY: Final = "category"  # list of strings, broad to narrow
TAGS: Final = "tags"
GENRES: Final = "genres"
BRAND: Final = "brand"
PRICE: Final = "price"
AVAILABLE: Final = "available"  # false: never recommended

SOURCE: Final = "source"
TARGET: Final = "target"
RELATION: Final = "relation"
