"""The HTTP service: a thin layer over the engine's verbs.

from penchant.serve.app import create_app

app = create_app(engine)
"""
