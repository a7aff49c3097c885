"""What every encoder must do, as tests; a new encoder gets all of them in three lines.

class TestMine(EncoderContract):
    def make(self):
        return MyEncoder()
"""

import numpy as np

from penchant.encode.encoder import Encoder
from penchant.types import Floats

TEXTS = [
    "moisturising hand cream with aloe",
    "hand lotion, moisturizing, aloe vera",
    "dry red wine from Tuscany",
    "Tuscan red wine, dry, 2015",
    "USB charger for mobile phones",
    "charger with two USB ports for phones",
    "x",
    "Ein Buch über Gärten und Blumen",
    "花茶",
    "a history of the Roman empire in three volumes, with maps, notes and a long index",
]


class EncoderContract:
    """Tests that any `Encoder` passes; give it `make`, and tolerances where numbers are coarse."""

    absolute: float = 1e-5
    """How far a value may be off between a batch and a single text."""
    cosine: float = 1 - 1e-5
    """How like a text's vectors from a batch and alone must be at least."""

    def make(self) -> Encoder:
        """The encoder under test."""
        raise NotImplementedError("EncoderContract.make: return the encoder to be tested")

    def test_rows_are_unit_vectors_of_the_stated_width(self) -> None:
        """One float32 row of length one a text."""
        encoder = self.make()
        vectors = encoder.encode(TEXTS).vectors
        assert vectors.shape == (len(TEXTS), encoder.dim)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)

    def test_order_is_kept(self) -> None:
        """Turning the texts around turns the rows around."""
        encoder = self.make()
        turned = encoder.encode(TEXTS[::-1]).vectors[::-1]
        self._same(turned, encoder.encode(TEXTS).vectors)

    def test_batch_is_single(self) -> None:
        """A text's vector does not depend on the texts beside it."""
        encoder = self.make()
        alone = np.concatenate([encoder.encode([text]).vectors for text in TEXTS])
        self._same(alone, encoder.encode(TEXTS).vectors)

    def test_twice_is_the_same(self) -> None:
        """The same texts have the very same vectors again, also from a second encoder."""
        first, second = self.make(), self.make()
        assert first.name == second.name
        np.testing.assert_array_equal(first.encode(TEXTS).vectors, second.encode(TEXTS).vectors)

    def test_duplicates_are_equal(self) -> None:
        """The same text twice in a call gets equal vectors."""
        vectors = self.make().encode([TEXTS[0], *TEXTS[2:5], TEXTS[0]]).vectors
        self._same(vectors[:1], vectors[-1:])

    def test_empty_texts_are_zeros(self) -> None:
        """Nothing said, nothing known: also among other texts, and when nothing else is there."""
        encoder = self.make()
        vectors = encoder.encode(["", TEXTS[0], "  \n"]).vectors
        assert not vectors[0].any()
        assert vectors[1].any()
        assert not vectors[2].any()
        assert encoder.encode([""]).vectors.shape == (1, encoder.dim)

    def test_no_texts_at_all(self) -> None:
        """Asked for nothing, it gives an empty table of the right width."""
        encoder = self.make()
        encoded = encoder.encode([])
        assert encoded.vectors.shape == (0, encoder.dim)
        assert encoded.truncated.shape == (0,)

    def test_only_long_texts_are_marked_as_truncated(self) -> None:
        """A cut is never silent, and what was not cut is not said to be."""
        endless = "many different words and more of them " * 30_000
        encoded = self.make().encode([TEXTS[0], endless, ""])
        assert encoded.truncated.tolist() == [False, True, False]
        assert encoded.vectors[1].any()

    def test_like_texts_are_closer_than_unlike_ones(self) -> None:
        """Each of the three pairs finds its other half among the six."""
        vectors = self.make().encode(TEXTS[:6]).vectors
        likeness = vectors @ vectors.T - 2 * np.eye(6)
        assert likeness.argmax(axis=1).tolist() == [1, 0, 3, 2, 5, 4]

    def _same(self, left: Floats, right: Floats) -> None:
        np.testing.assert_allclose(left, right, atol=self.absolute)
        assert (left * right).sum(axis=1).min() >= self.cosine
