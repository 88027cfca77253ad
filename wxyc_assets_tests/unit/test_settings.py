import re

import pytest

from wxyc_assets.settings import Settings, SettingsError, read_settings

FLAGS = ["LOCAL_DEV", "INCLUDE_NULL_CANONICAL", "DRY_RUN", "RECHECK", "OLD_SPANS"]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)


def test_the_defaults_are_those_of_the_design() -> None:
    settings = read_settings()
    assert (settings.batch_size, settings.va_batch_size) == (500, 100)
    assert (settings.stale_threshold_days, settings.unresolved_retry_days) == (7, 30)
    assert settings.include_null_canonical is False
    assert settings.lml_max_concurrent == 2
    assert settings.wxyc_schema_name == "wxyc_schema"
    assert (settings.library_max_id, settings.library_range_width) == (80_000, 2_500)


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("TRUE", True), ("1", True), ("false", False), ("False", False), ("0", False)],
)
def test_a_boolean_is_true_false_1_or_0_in_any_case(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: bool
) -> None:
    monkeypatch.setenv(name, text)
    assert getattr(read_settings(), name.lower()) is value


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("text", ["yes", "on", "no", "off", "t", "", "2", "-1", "truee", "none"])
def test_a_boolean_is_nothing_else(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert f"{name}={text!r}" in str(caught.value)
    assert "allowed are true, false, 1 and 0" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("BATCH_SIZE", "0", "greater than or equal to 1"),
        ("BATCH_SIZE", "1001", "less than or equal to 1000"),
        ("BATCH_SIZE", "many", "valid integer"),
        ("BATCH_SIZE", "1.5", "valid integer"),
        ("BATCH_SIZE", "", "valid integer"),
        ("VA_BATCH_SIZE", "1001", "less than or equal to 1000"),
        ("REFRESH_BATCH_SIZE", "51", "less than or equal to 50"),
        ("LML_RATE_PER_MIN", "-1", "greater than or equal to 0"),
        ("LML_RATE_PER_MIN", "nan", "finite number"),
        ("STALE_THRESHOLD_DAYS", "0", "greater than 0"),
        ("STALE_THRESHOLD_DAYS", "nan", "less than or equal to 36500"),
        ("STALE_THRESHOLD_DAYS", "inf", "less than or equal to 36500"),
        ("UNRESOLVED_RETRY_DAYS", "-3", "greater than 0"),
        ("UNRESOLVED_RETRY_DAYS", "a month", "valid number"),
        ("UNRESOLVED_RETRY_DAYS", "1e300", "less than or equal to 36500"),
        ("LML_MAX_CONCURRENT", "0", "greater than or equal to 1"),
        ("LML_TIMEOUT_SECONDS", "0", "greater than 0"),
        ("LML_TIMEOUT_SECONDS", "inf", "less than or equal to 3600"),
        ("LML_TIMEOUT_SECONDS", "nan", "less than or equal to 3600"),
        ("LOOKUP_TIMEOUT_SECONDS", "inf", "less than or equal to 3600"),
        ("BREAKER_CEILING_MINUTES", "inf", "finite number"),
        ("LML_HEALTH_INTERVAL_SECONDS", "inf", "finite number"),
        ("LIBRARY_MAX_ID", "0", "greater than or equal to 1"),
        ("LIBRARY_MAX_ID", "10000000", "less than or equal to 9999999"),
        ("LIBRARY_RANGE_WIDTH", "-1", "greater than or equal to 1"),
        ("LIBRARY_RANGE_WIDTH", "1", "80000 ranges up to LIBRARY_MAX_ID=80000 are more than 2000"),
        ("LIBRARY_RANGE_WIDTH", "39", "a width of 40 or more is allowed"),
        ("RANGES_PER_RUN", "-1", "greater than or equal to 0"),
        ("DB_PORT", "65536", "less than or equal to 65535"),
        ("WXYC_SCHEMA_NAME", 'wxyc"; drop', "pattern"),
        ("WXYC_SCHEMA_NAME", "", "pattern"),
        ("ASSETS_SCHEMA_NAME", "Wxyc", "pattern"),
        ("ASSETS_SCHEMA_NAME", "wxyc\n", "pattern"),
        ("COVER_PROXY_URL", "javascript:alert(1)", "URL such as https://covers.example.org"),
        ("COVER_PROXY_URL", "https://dj:key@x", "URL such as https://covers.example.org"),
        ("COVER_PROXY_URL", "https://x; script-src *", "URL such as https://covers.example.org"),
    ],
)
def test_a_bad_value_names_the_variable_the_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, allowed: str
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert f"{name}={text!r}" in str(caught.value)
    assert allowed in str(caught.value)


@pytest.mark.parametrize(("ceiling", "width"), [("80000", "40"), ("9999999", "5000")])
def test_two_thousand_ranges_are_allowed(
    monkeypatch: pytest.MonkeyPatch, ceiling: str, width: str
) -> None:
    monkeypatch.setenv("LIBRARY_MAX_ID", ceiling)
    monkeypatch.setenv("LIBRARY_RANGE_WIDTH", width)
    assert read_settings().library_range_width == int(width)


def test_a_ceiling_that_makes_too_many_ranges_of_the_usual_width_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIBRARY_MAX_ID", "9999999")
    with pytest.raises(SettingsError, match=r"LIBRARY_RANGE_WIDTH=2500: .* a width of 5000"):
        read_settings()


def test_every_bad_variable_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_SIZE", "0")
    monkeypatch.setenv("LOCAL_DEV", "maybe")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert len(re.findall(r"^  [A-Z_]+=", str(caught.value), re.MULTILINE)) == 2


def test_no_field_holds_a_secret() -> None:
    assert not {"database_url", "db_password", "lml_api_key"} & Settings.model_fields.keys()
