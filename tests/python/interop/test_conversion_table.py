"""The page on conversion is true: every pair of formats is converted again, and judged by other software."""
import pytest

pytest.importorskip("jbpy")
pytest.importorskip("rasterio")

from testkit import conversion_table  # noqa: E402


def test_the_page_states_what_crosses_from_format_to_format():
    """Fails if a fact is lost without a name, and if the page is out of date (`python -m testkit.conversion_table`)."""
    assert conversion_table.PAGE.read_text(encoding="utf-8") == conversion_table.page()
