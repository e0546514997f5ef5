"""How Sphinx makes the site; `docs/build.py` lays out its pages and calls it."""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS / "_ext"), str(DOCS.parent)]

from energychain import __version__  # noqa: E402

# --- what it is ---------------------------------------------------------------------------

project = "energychain"
author = "the energychain authors"
copyright = "the energychain authors"
version = release = __version__
language = "en"

# --- how it is read -----------------------------------------------------------------------

extensions = ["myst_nb", "sphinx.ext.autodoc", "mathml", "course"]
exclude_patterns = ["notebooks"]
# A lesson may skip a level of headings; an annotation may name what two modules define.
suppress_warnings = ["myst.header", "ref.python"]

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the saved outputs are what the tests compare
nb_merge_streams = True
nb_number_source_lines = False

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
default_role = "literal"
add_module_names = False
python_use_unqualified_type_names = True
toc_object_entries = False

# --- how it looks -------------------------------------------------------------------------

html_theme = "furo"
html_title = "energychain"
html_static_path = ["_static", str(DOCS.parent / "build" / "docs-source" / "_static")]
templates_path = ["_templates"]
html_css_files = ["course.css"]
html_js_files = [("course.js", {"defer": "defer"})]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None
html_show_search_summary = False  # it would fetch pages, which a site opened as files must not
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {
        "color-brand-primary": "#00507d",
        "color-brand-content": "#00507d",
        "color-brand-visited": "#6b2f6b",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc4f0",
        "color-brand-content": "#7cc4f0",
        "color-brand-visited": "#dba6d6",
        # The theme's red is too dark on what a link has just led to.
        "color-api-name": "#ff8f85",
        "color-api-pre-name": "#ff8f85",
    },
}
