"""How Sphinx builds these pages: ``sphinx-build -W docs docs/_build/html``."""

import os
import re
from pathlib import Path

# Set before Keras is first imported: by autodoc, or by an example.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import skhp

project = "skhp"
author = "The skhp developers"
copyright = author
version = release = skhp.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "auto_examples/*.ipynb"]
templates_path = ["_templates"]
default_role = "literal"

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["layout.css"]
html_title = "skhp"
html_search_scorer = str(Path(__file__).with_name("search_scorer.js"))
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
}

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's parameter sections say it in words
toc_object_entries_show_parents = "hide"  # the list beside a page has little room
numpydoc_show_class_members = False  # docs/_templates/autosummary/class.rst lists them

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"^images\.py",  # not an example: four examples load their images with it
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "remove_config_comments": True,
    # A search as the last line of a cell would be drawn as an empty diagram.
    "ignore_repr_types": r"sklearn|skhp",
    "abort_on_example_error": True,
    "doc_module": ("skhp",),
    "backreferences_dir": None,
}


_REFERENCE = re.compile(r":(?:ref|term):`([^`<]+?)(?: *<[^`]*>)?`")
_SINCE = (".. versionadded::", ".. versionchanged::")


def _fit_in_inherited(app, what, name, obj, options, lines):
    """Free inherited docstrings of references to scikit-learn's guide, and of its versions."""
    function = getattr(obj, "__func__", obj)
    if (getattr(function, "__module__", None) or "").startswith("sklearn"):
        lines[:] = [
            _REFERENCE.sub(r"\1", line) for line in lines if not line.strip().startswith(_SINCE)
        ]


def setup(app):
    app.connect("autodoc-process-docstring", _fit_in_inherited)
