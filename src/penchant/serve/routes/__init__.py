"""The routes, one file a subject: each turns a call into a question to the engine."""
