"""Passwords among the settings work and are shown nowhere."""

import json

import pytest

from penchant import EngineConfig
from penchant.engine.config import passed_on
from penchant.errors import ConfigError
from penchant.stream.registry import Registry

SECRET = "hunter2"
KAFKA = {
    "sasl.username": "shop",
    "sasl.password": SECRET,
    "ssl.key.pem": SECRET,
    "sasl.oauthbearer.client.secret": SECRET,
}
URLS = [
    f"postgresql://ann:{SECRET}@db/shop",
    f"postgresql://ann:a@{SECRET}/b@db/shop",
    f"postgresql://db/shop?user=ann&password={SECRET}&sslmode=require",
    f"postgresql://ann@db/shop?sslpassword={SECRET}",
]


@pytest.mark.parametrize("url", URLS)
def test_secrets_are_in_no_written_form_and_not_lost(url):
    schemas = f"https://svc:{SECRET}@schemas:8081"
    given = {"store.url": url, "stream.schemas": schemas, "stream.kafka": KAFKA}
    config = EngineConfig().but(**given)
    plain = config.model_dump(mode="json")
    for shown in (repr(config), str(config), config.to_toml(), json.dumps(plain)):
        assert SECRET not in shown
    assert plain["stream"]["kafka"]["sasl.username"] == "shop"
    for kept in (config.but(seed=1), EngineConfig(**passed_on(config))):
        assert (kept.store.url, kept.stream.schemas) == (url, schemas)
        assert kept.stream.kafka == KAFKA


def test_what_names_a_variable_is_shown():
    config = EngineConfig().but(**{"stream.kafka": {"sasl.password": "$WORD"}})
    assert config.model_dump(mode="json")["stream"]["kafka"] == {"sasl.password": "$WORD"}


@pytest.mark.parametrize("kafka", [{"sasl": {"password": SECRET}}, {"sasl.password": [SECRET]}])
def test_what_is_no_setting_is_told_without_what_came(kafka):
    with pytest.raises(ConfigError, match=r"kafka.*: another value came; expected text$") as told:
        EngineConfig(stream={"kafka": kafka})
    assert SECRET not in str(told.value)
    with pytest.raises(ConfigError, match=r"store.*wait: -1"):
        EngineConfig(store={"wait": -1})


def test_a_registry_that_is_no_url_is_told_without_its_password():
    with pytest.raises(ConfigError, match=r"stream\.schemas: what came is none") as told:
        Registry(f"svc:{SECRET}@registry")
    assert SECRET not in str(told.value)
