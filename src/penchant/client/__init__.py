"""The typed client of the HTTP service, plain and asynchronous.

from penchant.client import Client

with Client("http://localhost:8000", key="pck_…") as shop:
    shop.add_events([{"user_id": "ann", "item_id": "i0001", "event": "purchase"}])
    for item in shop.recommend("ann", n=5).items:
        print(item.title)
"""

from penchant.client.asynchronous import AsyncClient
from penchant.client.client import Client
from penchant.client.failures import RefusedError, UnreachableError

__all__ = ["AsyncClient", "Client", "RefusedError", "UnreachableError"]
