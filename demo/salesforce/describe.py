"""The answers of describe: all that a client may learn about an object and its fields."""

from typing import Any

from demo.salesforce.schema import CHILDREN, LABELS, Child, Field, SObject

SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}
UNGROUPED = frozenset({"double", "currency", "percent", "datetime"})
STORED = frozenset({"Opportunity", "Account", "Contact"})
OF_NO_FIELD: dict[str, Any] = {
    "aiPredictionField": False,
    "autoNumber": False,
    "calculated": False,
    "calculatedFormula": None,
    "cascadeDelete": False,
    "caseSensitive": False,
    "compoundFieldName": None,
    "controllerName": None,
    "defaultValueFormula": None,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "externalId": False,
    "extraTypeInfo": None,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "inlineHelpText": None,
    "mask": None,
    "maskType": None,
    "namePointing": False,
    "polymorphicForeignKey": False,
    "queryByDistance": False,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "restrictedDelete": False,
    "restrictedPicklist": False,
    "unique": False,
    "writeRequiresMasterRead": False,
}
"""What no field of the simulated organisation is or has."""


def describe(entity: SObject, *, data_url: str, instance_url: str) -> dict[str, Any]:
    return summary(entity, data_url=data_url) | {
        "childRelationships": [_child(each) for each in CHILDREN.get(entity.name, ())],
        "fields": [describe_field(each) for each in entity.fields],
        "recordTypeInfos": [_master_record_type(entity, data_url=data_url)],
        "supportedScopes": _scopes(entity),
        "urls": _urls(entity, data_url=data_url, instance_url=instance_url),
    }


def summary(entity: SObject, *, data_url: str) -> dict[str, Any]:
    """The entry of an object in the list of all objects."""
    label, plural = LABELS[entity.name]
    stored = entity.name in STORED
    url = f"{data_url}/sobjects/{entity.name}"
    return {
        "activateable": False,
        "createable": stored,
        "custom": False,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": stored,
        "deprecatedAndHidden": False,
        "feedEnabled": stored,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": entity.key_prefix,
        "label": label,
        "labelPlural": plural,
        "layoutable": stored,
        "mergeable": entity.name in ("Account", "Contact"),
        "mruEnabled": stored,
        "name": entity.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": stored,
        "triggerable": stored,
        "undeletable": stored,
        "updateable": stored,
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }


def describe_field(field: Field) -> dict[str, Any]:
    is_name = field.name == "Name"
    own = {
        "aggregatable": field.filterable and field.type != "boolean",
        "byteLength": field.length * (1 if field.type in ("id", "reference") else 3),
        "createable": field.updateable,
        "custom": field.custom,
        "defaultValue": False if field.type == "boolean" else None,
        "defaultedOnCreate": not field.nillable and not field.updateable,
        "digits": 9 if field.type == "int" else 0,
        "filterable": field.filterable,
        "groupable": field.filterable and field.type not in UNGROUPED,
        "idLookup": field.type == "id",
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": is_name,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": [
            {
                "active": each.active,
                "defaultValue": False,
                "label": each.label,
                "validFor": None,
                "value": each.value,
            }
            for each in field.picklist
        ],
        "precision": field.precision,
        "referenceTo": [field.refers_to] if field.refers_to else [],
        "relationshipName": field.relationship,
        "scale": field.scale,
        "searchPrefilterable": field.type == "reference",
        "soapType": SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.filterable,
        "type": field.type,
        "updateable": field.updateable,
    }
    return dict(sorted((OF_NO_FIELD | own).items()))


def _child(child: Child) -> dict[str, Any]:
    return {
        "cascadeDelete": child.object_name == "OpportunityHistory",
        "childSObject": child.object_name,
        "deprecatedAndHidden": False,
        "field": child.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.relationship,
        "restrictedDelete": False,
    }


def _master_record_type(entity: SObject, *, data_url: str) -> dict[str, Any]:
    layout = f"{data_url}/sobjects/{entity.name}/describe/layouts/012000000000000AAA"
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": "012000000000000AAA",
        "urls": {"layout": layout},
    }


def _scopes(entity: SObject) -> list[dict[str, str]]:
    plural = LABELS[entity.name][1].lower()
    return [
        {"label": f"All {plural}", "name": "everything"},
        {"label": f"My {plural}", "name": "mine"},
    ]


def _urls(entity: SObject, *, data_url: str, instance_url: str) -> dict[str, str]:
    url = f"{data_url}/sobjects/{entity.name}"
    return {
        "sobject": url,
        "describe": f"{url}/describe",
        "rowTemplate": f"{url}/{{ID}}",
        "uiDetailTemplate": f"{instance_url}/{{ID}}",
        "uiEditTemplate": f"{instance_url}/{{ID}}/e",
        "uiNewRecord": f"{instance_url}/{entity.key_prefix}/e",
    }
