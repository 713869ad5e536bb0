"""Check that the search of the built pages finds the right page first.

The scores are worked out as in Sphinx's ``searchtools.js``, so that no browser is needed.  The
pages must come from a fresh build: when Sphinx builds again, its search forgets the entries of
``.. index::`` in pages that did not change.

How to run
    python docs/check_search.py docs/_build/html
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

from sphinx.search.en import SearchEnglish

FIRST = {
    "class weight": "guide/weights",
    "curves": "guide/inside_a_search",
    "early stopping": "guide/early_stopping",
    "GPU": "guide/gpu",
    "halving": "guide/halving",
    "install": "guide/install",
    "layers": "auto_examples/plot_grid_search",
    "large data": "guide/large_data",
    "learning rate": "guide/learning_rate",
    "load": "guide/serving",
    "n_jobs": "guide/parallel",
    "Optuna": "guide/optuna",
    "parallel": "guide/parallel",
    "resume": "guide/long_searches",
    "save": "guide/serving",
    "scikeras": "guide/migrating",
    "Talos": "guide/migrating",
    "width": "auto_examples/plot_grid_search",
}
SCORER = Path(__file__).with_name("search_scorer.js").read_text()
POINTS = {name: int(points) for name, points in re.findall(r"(\w+): (-?\d+)", SCORER)}
GUIDE = re.search(r"/\^(.+?)/\.test", SCORER)[1].replace(r"\/", "/")
GUIDE_POINTS = int(re.search(r"score \+ (\d+)", SCORER)[1])


def first_page(index, query):
    """Return the page with the highest score."""
    found = [
        *titles(index, query.lower()),
        *entries(index, query.lower()),
        *objects(index, query.lower().split()),
        *words(index, query.lower().split()),
    ]
    scores = defaultdict(float)
    for page, points in found:
        points += GUIDE_POINTS if re.match(GUIDE, index["docnames"][page]) else 0
        scores[page] = max(scores[page], points)
    first = min(scores, key=lambda page: (-scores[page], index["titles"][page].lower()))
    return index["docnames"][first]


def titles(index, query):
    """Yield pages and points where the query is at least half of a title."""
    for title, places in index["alltitles"].items():
        if query in title.lower() and len(query) >= len(title) / 2:
            for page, _ in places:
                is_page = index["titles"][page] == title
                yield page, round(POINTS["title"] * len(query) / len(title)) + is_page


def entries(index, query):
    """Yield pages and points of the main entries of ``.. index::``."""
    for entry, places in index["indexentries"].items():
        if query in entry and len(query) >= len(entry) / 2:
            yield from ((page, 100 * len(query) / len(entry)) for page, _, main in places if main)


def objects(index, query):
    """Yield pages and points of functions, classes and their members."""
    for prefix, members in index["objects"].items():
        for page, _, priority, _, name in members:
            title = f"{prefix} {name} {index['titles'][page]}".lower()
            last = name.lower().split(".")[-1]
            for word in query:
                if word in f"{prefix}.{name}".lower() and all(one in title for one in query):
                    partial = POINTS["objPartialMatch"] if word in last else 0
                    points = POINTS["objNameMatch"] if word == last else partial
                    yield page, points + POINTS[str(priority)]


def words(index, query):
    """Yield pages and points of the pages that have all words."""
    stemmer = SearchEnglish({})
    points = [points_of_word(index, stemmer.stem(word)) for word in query]
    for page in set.intersection(*map(set, points)):
        yield page, max(of_word[page] for of_word in points)


def points_of_word(index, word):
    """Return the points of each page for one word; in a title they replace those in the text."""
    points = {}
    for kind, whole, partial in (("terms", "term", "partialTerm"),
                                 ("titleterms", "title", "partialTitle")):  # fmt: skip
        known = index[kind]
        matches = [word] if word in known else [one for one in known if word in one]
        for match in matches:
            pages = known[match] if isinstance(known[match], list) else [known[match]]
            points |= dict.fromkeys(pages, POINTS[whole if match == word else partial])
    return points


def main(html):
    """Compare each query's first page with the one that it should be."""
    text = (Path(html) / "searchindex.js").read_text()
    index = json.loads(text[text.index("{") : text.rindex("}") + 1])
    found = {query: first_page(index, query) for query in FIRST}
    wrong = [f"{q!r} finds {found[q]}, not {page}" for q, page in FIRST.items() if found[q] != page]
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main(sys.argv[1])
