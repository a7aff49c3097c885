"""The encoders against the contract, and what each does beside it."""

import importlib.util
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from penchant.encode.config import DEFAULT_MODEL, EncodeConfig
from penchant.encode.hashed import HashedEncoder, projection
from penchant.encode.once import make_encoder
from penchant.encode.static import StaticEncoder, distil
from penchant.encode.text import TextEncoder, choose_device, choose_dtype
from penchant.encode.weights import stated_width
from penchant.errors import ConfigError, DataError, MissingExtraError
from penchant.testing.encoders import TEXTS, EncoderContract


@cache
def text_encoder(dtype: str) -> TextEncoder:
    return TextEncoder(EncodeConfig(dtype=dtype, batch_size=4))


class TestText(EncoderContract):
    def make(self):
        return text_encoder("float32")

    def test_its_name_tells_numbers_and_weights_apart(self):
        assert text_encoder("float32").name != text_encoder("bfloat16").name
        assert text_encoder("float32").name.startswith("text:all-MiniLM-L6-v2@")

    def test_the_limit_is_counted_in_tokens_not_in_letters(self):
        encoder = self.make()
        assert encoder.model.max_seq_length == 256
        fits, over = "tea " * 254, "tea " * 255  # two more tokens mark beginning and end
        assert encoder.encode([fits, over]).truncated.tolist() == [False, True]

    def test_meaning_is_found_without_a_common_word(self):
        cup, mug, tyre = self.make().encode(["coffee cup", "espresso mug", "winter tyre"]).vectors
        assert cup @ mug > cup @ tyre + 0.2


class TestTextInBfloat16(EncoderContract):
    absolute = 0.02
    cosine = 0.999

    def make(self):
        return text_encoder("bfloat16")

    def test_it_is_close_to_float32(self):
        coarse, fine = (text_encoder(d).encode(TEXTS).vectors for d in ("bfloat16", "float32"))
        assert (coarse * fine).sum(axis=1).min() > 0.999


class TestHashed(EncoderContract):
    def make(self):
        return HashedEncoder(EncodeConfig(kind="hashed"))

    def test_product_titles_like_each_other_are_closer(self):
        said = [
            "Aveeno Nourish Moisturize Shampoo, 10.5 Ounce",
            "Aveeno Nourishing Moisturizing Shampoos 12 oz",
            "Black & Decker Cordless Drill 20V",
        ]
        same, near, far = self.make().encode(said).vectors
        assert same @ near > 0.25
        assert abs(same @ far) < 0.15

    def test_it_is_the_same_on_every_machine(self):
        found = projection(512, salt=1)
        assert found.indices[:6].tolist() == KNOWN_COLUMNS
        assert found.data[:6].tolist() == KNOWN_SIGNS

    def test_likeness_is_kept_by_the_projection(self):
        wide, narrow = (
            HashedEncoder(EncodeConfig(kind="hashed", hashed_dim=d)).encode(TEXTS).vectors
            for d in (4096, 256)
        )
        assert np.abs(wide @ wide.T - narrow @ narrow.T).max() < 0.25


KNOWN_COLUMNS = [441, 484, 425, 266, 309, 456]
KNOWN_SIGNS = [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]


@pytest.fixture(scope="session")
def static_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A static model made of the language model's own word vectors."""
    from model2vec import StaticModel

    model = text_encoder("float32").model
    words = model[0].model.get_input_embeddings().weight.detach().numpy()
    weight = 1e-4 / (1e-4 + 0.1 / np.arange(1, len(words) + 1))  # common words say little
    folder = tmp_path_factory.mktemp("static")
    words = (words - words.mean(axis=0)) * weight[:, None]
    tokenizer = _tokenizer(model)
    made = StaticModel(
        words.astype(np.float32), tokenizer, config={"model_type": "model2vec"}, normalize=True
    )
    made.save_pretrained(folder)
    return folder


def _tokenizer(model):
    from tokenizers import Tokenizer

    found = Tokenizer.from_str(model.tokenizer.backend_tokenizer.to_str())
    found.no_padding()
    return found


class TestStatic(EncoderContract):
    @pytest.fixture(autouse=True)
    def _folder(self, static_folder):
        self.folder = static_folder

    def make(self):
        return StaticEncoder(EncodeConfig(kind="static", model=str(self.folder)))

    def test_a_static_model_is_taken_as_it_is(self):
        assert self.make().given
        assert self.make().dim == 384


def small_model(folder: Path, ways: str | tuple[str, ...] = "mean") -> Path:
    """A language model of two hundred random numbers a layer, in the usual files."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel

    shape = BertConfig(
        vocab_size=30522,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
    )
    raw = folder / "raw"
    BertModel(shape).save_pretrained(raw)
    text_encoder("float32").model.tokenizer.save_pretrained(raw)
    transformer = Transformer(str(raw))
    made = folder / "made"
    SentenceTransformer(modules=[transformer, Pooling(16, ways)], device="cpu").save(str(made))
    return made


@pytest.mark.parametrize("ways", ["mean", ("mean", "max"), "cls"])
def test_the_width_that_files_tell_is_the_models(tmp_path, ways):
    made = small_model(tmp_path, ways)
    width = make_encoder(EncodeConfig(model=str(made))).encode(["a"]).vectors.shape[1]
    assert width == (32 if isinstance(ways, tuple) else 16)
    assert stated_width(made) == (None if isinstance(ways, tuple) else width)
    assert make_encoder(EncodeConfig(model=str(made))).dim == width
    (made / "modules.json").unlink()
    assert stated_width(made) is None


def test_distilling_makes_a_static_model_or_says_what_is_missing(tmp_path):
    config = EncodeConfig(kind="static", model=str(small_model(tmp_path)), static_dim=8)
    encoder = make_encoder(config, cache=tmp_path / "cache")
    if importlib.util.find_spec("skeletoken") is None:
        with pytest.raises(MissingExtraError, match=r"pip install 'penchant\[static\]'"):
            encoder.encode(TEXTS)
        return
    vectors = encoder.encode(TEXTS).vectors
    assert vectors.shape == (len(TEXTS), 8)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_what_was_distilled_is_kept_and_not_distilled_again(tmp_path, static_folder, monkeypatch):
    from model2vec import StaticModel

    asked = []

    def teach(folder, dim, device):
        asked.append((dim, device))
        return StaticModel.from_pretrained(static_folder, dimensionality=dim)

    monkeypatch.setattr("penchant.encode.static.distil", teach)
    config = EncodeConfig(kind="static", static_dim=32, device="cpu")
    first, second = (make_encoder(config, cache=tmp_path).encode(TEXTS).vectors for _ in range(2))
    assert asked == [(32, "cpu")]
    assert first.shape == (len(TEXTS), 32)
    np.testing.assert_array_equal(first, second)
    assert not list(tmp_path.rglob(".making-*"))


def test_a_folder_without_a_model_is_told(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"encode\.model: .* cannot be read"):
        make_encoder(EncodeConfig(model=str(tmp_path), device="cpu")).encode(["a"])


def test_damaged_weights_are_told(tmp_path):
    made = small_model(tmp_path)
    weights = made / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ConfigError, match=r"cannot be read as a sentence-transformers model"):
        make_encoder(EncodeConfig(model=str(made), device="cpu")).encode(["a"])


def test_values_that_are_no_numbers_are_told(tmp_path):
    made = small_model(tmp_path)
    weights = load_file(made / "model.safetensors")
    spoilt = {k: np.full_like(v, np.nan) if "LayerNorm" in k else v for k, v in weights.items()}
    save_file(spoilt, made / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match="not finite numbers"):
        make_encoder(EncodeConfig(model=str(made), dtype="float32")).encode(["a"])


def test_other_weights_in_the_same_folder_have_another_name(tmp_path):
    made = small_model(tmp_path)
    before = make_encoder(EncodeConfig(model=str(made))).name
    weights = load_file(made / "model.safetensors")
    save_file({k: v + 1 for k, v in weights.items()}, made / "model.safetensors")
    assert make_encoder(EncodeConfig(model=str(made))).name != before


def test_an_unknown_device_is_told():
    with pytest.raises(ConfigError, match=r"encode\.device: 'toaster'"):
        choose_device("toaster")


@pytest.mark.parametrize(
    ("able", "chosen"),
    [({"amx_bf16": True}, "bfloat16"), ({"avx512_bf16": True}, "bfloat16"), ({}, "float32")],
)
def test_auto_takes_bfloat16_where_the_processor_has_it(monkeypatch, able, chosen):
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: able)
    assert choose_dtype("auto", "cpu") == chosen
    assert choose_dtype("float32", "cpu") == "float32"


def test_a_model_says_nothing_while_it_loads(capfd):
    TextEncoder(EncodeConfig(model=DEFAULT_MODEL, dtype="float32")).encode(["a"])
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err == ""


def test_distil_names_the_folder_that_it_cannot_use(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nothing known"}))
    with pytest.raises((ConfigError, MissingExtraError), match=r"distilled|static"):
        distil(tmp_path, 8, "cpu")
