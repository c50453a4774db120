"""Resolves the field paths of a query against what the connecting user may see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from demo.salesforce.schema import CHILDREN, Child, Field, Schema, SObject
from demo.salesforce.soql import FieldPath, Query
from demo.salesforce.soql_words import QueryError
from demo.salesforce.values import Value

Row = dict[str, Value]
Tables = Mapping[str, Mapping[str, Row]]

SEE_DESCRIBE = "Please reference your WSDL or the describe call for the appropriate names."
NO_COLUMN = (
    "No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, "
    "be sure to append the '__c' after the custom field name. " + SEE_DESCRIBE
)
NO_RELATIONSHIP = (
    "Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
    "relationship, be sure to append the '__r' after the custom relationship name. " + SEE_DESCRIBE
)
NO_CHILDREN = (
    "Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a "
    "custom relationship, be sure to append the '__r' after the custom relationship name. " + SEE_DESCRIBE
)
NO_OBJECT = (
    "sObject type '{name}' is not supported. If you are attempting to use a custom object, "
    "be sure to append the '__c' after the entity name. " + SEE_DESCRIBE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One step to a parent: the lookup field and the object it leads to."""

    lookup: Field
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field and how to read it from a row; None beyond a parent that is not there."""

    hops: tuple[Hop, ...]
    field: Field
    read: Callable[[Row], Value]

    @property
    def path(self) -> tuple[str, ...]:
        """Spelt as the schema spells it."""
        return (*(str(hop.lookup.relationship) for hop in self.hops), self.field.name)


class Catalogue:
    """`user_now` is the present moment in the zone of the connecting user."""

    def __init__(
        self, *, schema: Schema, tables: Tables, query: Query, user_now: datetime, name: str = ""
    ) -> None:
        """`name` is the object of a list of children, where the query gives the name of the list."""
        self.user_now = user_now
        self.tables = tables
        self._schema = schema
        self._text = query.text
        found = schema.find(name or query.entity.text)
        if found is None:
            message = NO_OBJECT.format(name=query.entity.text)
            raise QueryError("INVALID_TYPE", message, text=query.text, position=query.entity.position)
        self.entity: SObject = found

    def column(self, path: FieldPath) -> Column:
        """The column of a path. A path may begin with the name of the object itself."""
        names = list(path.names)
        if len(names) > 1 and names[0].lower() == self.entity.name.lower():
            names = names[1:]
        entity, hops = self.entity, []
        for name in names[:-1]:
            lookup = entity.by_relationship.get(name.lower())
            if lookup is None or lookup.refers_to not in self.tables:
                raise self._invalid(NO_RELATIONSHIP.format(name=name), path)
            hops.append(Hop(lookup=lookup, target=lookup.refers_to))
            entity = self._schema.visible(lookup.refers_to)
        field = entity.by_name.get(names[-1].lower())
        if field is None:
            raise self._invalid(NO_COLUMN.format(name=names[-1], entity=entity.name), path)
        return Column(hops=tuple(hops), field=field, read=self._reader(hops, field))

    def children(self, query: Query) -> tuple[Child, "Catalogue"]:
        """The list of children that a query within the query reads."""
        name = query.entity.text
        for child in CHILDREN.get(self.entity.name, ()):
            if child.relationship.lower() == name.lower() and self._schema.find(child.object_name):
                return child, Catalogue(
                    schema=self._schema,
                    tables=self.tables,
                    query=query,
                    user_now=self.user_now,
                    name=child.object_name,
                )
        message = NO_CHILDREN.format(name=name)
        raise QueryError("INVALID_TYPE", message, text=self._text, position=query.entity.position)

    def group(self, name: str) -> list[FieldPath]:
        """The fields that FIELDS(name) stands for."""
        return [
            FieldPath(names=(each.name,), position=0)
            for each in self.entity.fields
            if name == "ALL" or each.custom == (name == "CUSTOM")
        ]

    def parent_of(self, hop: Hop, row: Row) -> Row | None:
        return self.tables[hop.target].get(str(row.get(hop.lookup.name)))

    def _reader(self, hops: list[Hop], field: Field) -> Callable[[Row], Value]:
        name = field.name
        default = False if field.type == "boolean" else None
        if not hops:
            return lambda row: row.get(name, default)
        if len(hops) == 1:
            key, parents = hops[0].lookup.name, self.tables[hops[0].target]
            nothing: Row = {}
            return lambda row: parents.get(str(row.get(key)), nothing).get(name)

        def walk(row: Row) -> Value:
            for hop in hops:
                parent = self.parent_of(hop, row)
                if parent is None:
                    return None
                row = parent
            return row.get(name, default)

        return walk

    def _invalid(self, message: str, path: FieldPath) -> QueryError:
        return QueryError("INVALID_FIELD", message, text=self._text, position=path.position)
