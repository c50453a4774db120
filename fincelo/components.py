"""The tags `component` and `slot`: a template of templates/components/ that sees its own inputs only."""

from typing import Any, cast

from django.template import Context, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.utils.safestring import SafeString, mark_safe

_SLOTS = "slots of the components that are being drawn"


class ComponentNode(Node):
    def __init__(
        self, *, name: FilterExpression, inputs: dict[str, FilterExpression], content: NodeList
    ) -> None:
        self.name = name
        self.inputs = inputs
        self.nodelist = content

    def render(self, context: Context) -> SafeString:
        stack = _stack(context)
        stack.append({})
        try:
            content = self.nodelist.render(context)
        finally:
            slots = stack.pop()
        inputs = {name: value.resolve(context) for name, value in self.inputs.items()}
        isolated = context.new({**inputs, **slots, "content": mark_safe(content.strip())})  # noqa: S308  drawn
        isolated["csrf_token"] = context.get("csrf_token")
        assert context.template is not None  # it is rendering this tag
        template = context.template.engine.get_template(f"components/{self.name.resolve(context)}.html")
        return template.render(isolated)


class SlotNode(Node):
    def __init__(self, *, name: FilterExpression, content: NodeList) -> None:
        self.name = name
        self.nodelist = content

    def render(self, context: Context) -> str:
        text = " ".join(self.nodelist.render(context).split())
        _stack(context)[-1][self.name.resolve(context)] = mark_safe(text)  # noqa: S308  drawn
        return ""


def _stack(context: Context) -> list[dict[str, SafeString]]:
    """The slots of each component that is being drawn, the innermost last."""
    kept: dict[str, list[dict[str, SafeString]]] = cast(Any, context.render_context)
    return kept.setdefault(_SLOTS, [])


def component(parser: Parser, token: Token) -> ComponentNode:
    """`{% component "card" title=name %}...{% endcomponent %}`: the block becomes the input `content`."""
    name, *rest = _arguments(token, least=1)
    inputs = token_kwargs(rest, parser)
    if rest:
        raise TemplateSyntaxError(f"component takes a name and inputs as name=value, not {rest[0]}.")
    content = _block(parser, end="endcomponent")
    return ComponentNode(name=parser.compile_filter(name), inputs=inputs, content=content)


def slot(parser: Parser, token: Token) -> SlotNode:
    """`{% slot "why" %}...{% endslot %}` directly in a component: an input that is a sentence or HTML."""
    [name, *_] = _arguments(token, least=1)
    return SlotNode(name=parser.compile_filter(name), content=_block(parser, end="endslot"))


def _arguments(token: Token, *, least: int) -> list[Any]:
    tag, *arguments = token.split_contents()
    if len(arguments) < least:
        raise TemplateSyntaxError(f"{tag} names what it draws.")
    return arguments


def _block(parser: Parser, *, end: str) -> NodeList:
    content = parser.parse((end,))
    parser.delete_first_token()
    return content
