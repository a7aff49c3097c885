"""Every layer, under every setting of its kind, passes the contract."""

import numpy as np
import pytest

from penchant.interests.base.bidirectional import BidirectionalBase
from penchant.interests.base.linear import LinearBase, LinearConfig
from penchant.interests.base.local import LocalConfig
from penchant.interests.context.layer import ContextConfig, ContextLayer
from penchant.interests.dynamic.sequence import DynamicConfig, DynamicLayer
from penchant.interests.popularity import Popularity
from penchant.interests.social import Social
from penchant.testing.layers import LayerContract

QUICK = DynamicConfig(dims=16, epochs=2, batch=512, length=6)


class TestLinearInClosedForm(LayerContract):
    def layer(self):
        return LinearBase(LinearConfig(penalty=(10.0, 30.0), text=(0.0, 0.1), neighbours=40))


class TestLinearByNeighbourhoods(LayerContract):
    """Beyond `most`, each group of items is solved among some others."""

    def layer(self):
        local = LocalConfig(group=8, reach=30, near=3)
        config = LinearConfig(penalty=(10.0,), text=(0.1,), most=30, neighbours=20, local=local)
        return LinearBase(config)


class TestLinearBySVD(LayerContract):
    def layer(self):
        return LinearBase(LinearConfig(dims=12), method="svd")


class TestBidirectional(LayerContract):
    def layer(self):
        return BidirectionalBase(QUICK)


class TestContextNeural(LayerContract):
    speaks_to_strangers = True
    signal = "context"

    def layer(self):
        return ContextLayer(ContextConfig(kind="neural"))


class TestContextNaiveBayes(LayerContract):
    speaks_to_strangers = True
    signal = "context"

    def layer(self):
        return ContextLayer(ContextConfig(kind="naive-bayes"))


class TestContextTree(LayerContract):
    speaks_to_strangers = True
    signal = "context"

    def layer(self):
        return ContextLayer(ContextConfig(kind="tree"))


class TestPopularity(LayerContract):
    speaks_to_strangers = True

    def layer(self):
        return Popularity()


class OneNetwork(LayerContract):
    kind = ""

    def layer(self):
        return DynamicLayer(QUICK.but(kind=self.kind))


class TestTransformer(OneNetwork):
    kind = "transformer"


class TestOfSampledItems(LayerContract):
    """A catalogue beyond what a softmax holds."""

    def layer(self):
        return DynamicLayer(QUICK.but(negatives=16))


class TestAugmented(LayerContract):
    def layer(self):
        changes = ("crop", "mask", "reorder", "replace", "insert")
        return DynamicLayer(QUICK.but(**{"augment.changes": changes, "augment.chance": 0.8}))


class TestGRU(OneNetwork):
    kind = "gru"


class TestLSTM(OneNetwork):
    kind = "lstm"


class TestConvolution(OneNetwork):
    kind = "cnn"


class TestPerceptron(OneNetwork):
    kind = "mlp"


def test_a_layer_that_remembers_people_is_caught():
    class Remembers(Popularity):
        def state(self):
            arrays, values = super().state()
            return arrays | {"people": np.zeros((157, 2), np.float32)}, values

    class Contract(LayerContract):
        def layer(self):
            return Remembers()

    with pytest.raises(AssertionError, match="people"):
        Contract().test_it_holds_nothing_about_a_person()


class TestSocial(LayerContract):
    signal = "social"

    def layer(self):
        return Social()
