"""
Formulas as MathML, which browsers draw by themselves: no script, no fonts from elsewhere, and
screen readers read them out.
"""

import re

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator


def mathml(formula: str, block: bool) -> str:
    """A formula in TeX as MathML. Raises ``SphinxError`` if it cannot be read."""
    try:
        formula = re.sub(r"\\dots(?![a-z])", r"\\ldots", formula)  # which docutils does not know
        return latex2mathml.tex2mathml(formula, as_block=block)
    except (SyntaxError, ValueError) as fault:
        raise SphinxError(
            f"the formula {formula!r} cannot be written in MathML: {fault}"
        ) from fault


def inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula inside a line."""
    writer.body.append(mathml(node.astext(), block=False))
    raise nodes.SkipNode


def displayed(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula that stands by itself."""
    writer.body.append(f'<div class="formula">{mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Make it known to Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
