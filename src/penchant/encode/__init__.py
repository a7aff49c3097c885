"""Items to vectors: a language model, a static one distilled from it, or hashed words."""
