"""The part of Jinja2 that means the same to Nunjucks, as a reader of Jinja2's own parse tree (design §3, phone-facts §3).

Nunjucks differs silently where this reader objects: an empty list or dict is true, a `set` inside a loop leaks out, a block
`set` is escaped again, `for … if` gives nothing, tuples and negative indexes are not understood, `%` of negatives, floats.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes
from jinja2.visitor import NodeVisitor

from api.filters import FILTERS

ENV = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
PLAIN_FILTERS = {"default", "length", "safe", "join", "upper", "lower", "trim", "first", "last", "replace"}
OK_TESTS: set[str] = set()
FUNCTIONS = {"_", "ngettext", "caller", "icon"}
LOOP = {"index", "index0", "first", "last", "length", "revindex"}
LISTS = "matters people past records seen groups rows lines checks items options benefits villages witnesses clashes".split()
LISTS += "needs papers purposes reasons met paragraphs names posts".split()


def objections(path: Path, root: Path) -> list[str]:
    """Give "file:line: what Nunjucks would do otherwise, and what to write instead"."""
    name = path.relative_to(root).as_posix()
    reader = Reader(name)
    reader.visit(ENV.parse(path.read_text()))
    return [f"{name}:{line}: {why}" for line, why in reader.found]


class Reader(NodeVisitor):
    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[tuple[int, str]] = []
        self.macros: set[str] = set(FUNCTIONS)
        self.loops = 0

    def no(self, node: nodes.Node, why: str) -> None:
        self.found.append((node.lineno, why))

    # ---- pages and pieces

    def visit_Template(self, node: nodes.Template) -> None:
        self.macros |= {macro.name for macro in node.find_all(nodes.Macro)}
        for taken in node.find_all(nodes.FromImport):
            self.macros |= {each if isinstance(each, str) else each[1] for each in taken.names}
        self.generic_visit(node)

    def visit_Include(self, node: nodes.Include) -> None:
        if not isinstance(node.template, nodes.Const) or node.ignore_missing or not node.with_context:
            self.no(node, "include one file by its literal name")

    def visit_Extends(self, node: nodes.Extends) -> None:
        if not isinstance(node.template, nodes.Const):
            self.no(node, "extend one file by its literal name")

    def visit_FromImport(self, node: nodes.FromImport) -> None:
        if node.with_context or not isinstance(node.template, nodes.Const):
            self.no(node, "import macros from a literal name, without context: they take what they show as arguments")

    def visit_Import(self, node: nodes.Import) -> None:
        self.no(node, "write {% from … import name %}")

    # ---- statements

    def visit_For(self, node: nodes.For) -> None:
        if node.test is not None:
            self.no(node, "`for … if` gives nothing there: put the {% if %} inside")
        if node.recursive:
            self.no(node, "no recursive loops")
        if isinstance(node.iter, nodes.Tuple):
            self.no(node, "loop over a [list], not a (tuple)")
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1

    def visit_Assign(self, node: nodes.Assign) -> None:
        if self.loops:
            self.no(node, "a `set` inside a loop leaks out there: give the macro an argument instead")
        self.generic_visit(node)

    def visit_If(self, node: nodes.If) -> None:
        self._truth(node.test)
        self.generic_visit(node)

    def visit_CondExpr(self, node: nodes.CondExpr) -> None:
        self._truth(node.test)
        self.generic_visit(node)

    def _truth(self, test: nodes.Expr) -> None:
        """An empty list is false here and true there, so its length is asked."""
        if isinstance(test, nodes.Not):
            self._truth(test.node)
        elif isinstance(test, nodes.And | nodes.Or):
            self._truth(test.left)
            self._truth(test.right)
        elif (isinstance(test, nodes.Getattr) and test.attr in LISTS) or (
            isinstance(test, nodes.Name) and test.name in LISTS
        ):
            self.no(test, "ask `|length`: an empty list is true there")

    # ---- expressions

    def visit_Call(self, node: nodes.Call) -> None:
        called = node.node
        if not isinstance(called, nodes.Name):
            self.no(node, "no methods and no functions of values: prepare it before, or use one of our filters")
        elif called.name not in self.macros:
            self.no(node, f"{called.name}() does not exist there")
        elif node.dyn_args or node.dyn_kwargs:
            self.no(node, "no * or ** arguments")
        elif called.name in {"_", "ngettext"} and not isinstance(node.args[0], nodes.Const):
            self.no(node, "a message is written out, so that it can be found and translated")
        self.generic_visit(node)

    def visit_Filter(self, node: nodes.Filter) -> None:
        if node.name not in PLAIN_FILTERS | set(FILTERS):
            self.no(node, f"the filter {node.name} is not the same there: see api/filters.py")
        if node.name == "safe" and self.name not in {
            "shared/icons.html",
            "field/_badge.html",
            "field/me.html",
            "field/badge.html",
        }:
            self.no(node, "|safe only where the text is our own drawing")
        self.generic_visit(node)

    def visit_Test(self, node: nodes.Test) -> None:
        if node.name not in OK_TESTS:
            self.no(node, f"`is {node.name}`: compare with == or ask `|length`")
        self.generic_visit(node)

    def visit_Compare(self, node: nodes.Compare) -> None:
        if len(node.ops) > 1:
            self.no(node, "no chained comparison")
        self.generic_visit(node)

    def visit_Const(self, node: nodes.Const) -> None:
        if isinstance(node.value, float):
            self.no(node, "no decimals: a filter writes them")

    def visit_Output(self, node: nodes.Output) -> None:
        for part in node.nodes:
            if isinstance(part, nodes.Const) and (part.value is None or isinstance(part.value, bool)):
                self.no(part, "do not print true, false or none")
        self.generic_visit(node)

    def visit_Getitem(self, node: nodes.Getitem) -> None:
        if isinstance(node.arg, nodes.Slice | nodes.Neg):
            self.no(node, "no slices and no negative indexes")
        self.generic_visit(node)

    def visit_Getattr(self, node: nodes.Getattr) -> None:
        if isinstance(node.node, nodes.Name) and node.node.name == "loop" and node.attr not in LOOP:
            self.no(node, f"loop.{node.attr} is not the same there")
        self.generic_visit(node)

    def visit_Concat(self, node: nodes.Concat) -> None:
        self.no(node, "`~` makes safe text unsafe there: write the pieces one after the other")

    def _never(self, node: nodes.Node) -> None:
        self.no(node, f"{type(node).__name__} is not the same there")

    def visit_Tuple(self, node: nodes.Tuple) -> None:
        if node.ctx == "load":  # `for key, value in …` stores, which is the same
            self.no(node, "write a [list], not a (tuple)")
        self.generic_visit(node)

    visit_Div = visit_Pow = visit_Mod = _never
    visit_AssignBlock = visit_With = visit_FilterBlock = visit_NSRef = visit_ScopedEvalContextModifier = _never


def templates(root: Path) -> Iterator[Path]:
    """Give every template the phone renders."""
    for folder in ("field", "shared"):
        yield from (path for path in sorted((root / folder).rglob("*.html")) if path.name != "shell.html")
