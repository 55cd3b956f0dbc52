"""JSON schemas as strict endpoints take them."""

from typing import Any

# Bounds that strict mode refuses; replies are held to them when they are read. What each says to the model:
_SAID = {"minLength": "at least {} characters", "maxLength": "at most {} characters", "minimum": "at least {}",
         "maximum": "at most {}", "exclusiveMinimum": "more than {}", "exclusiveMaximum": "less than {}",
         "multipleOf": "a multiple of {}", "minItems": "at least {} items", "maxItems": "at most {} items",
         "pattern": "matches {}"}
_KEPT = ("type", "enum", "const", "$ref", "description")


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every property required and no other allowed, without the keywords that strict mode refuses.
    Bounds move into the description."""
    out = {name: schema[name] for name in _KEPT if name in schema}
    if "$ref" in out:
        return {"$ref": out["$ref"]}
    if "const" in out:
        out["enum"] = [out.pop("const")]
    if said := [words.format(schema[name]) for name, words in _SAID.items() if name in schema]:
        out["description"] = ", ".join([*([out["description"]] if "description" in out else []), *said])
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        out |= {"type": "object", "properties": {name: strict(value) for name, value in properties.items()},
                "required": list(properties), "additionalProperties": False}
    if "items" in schema or "prefixItems" in schema:
        out["items"] = _items(schema)
        out.pop("enum", None)  # of whole arrays
    for several in ("anyOf", "oneOf"):
        if several in schema:
            out["anyOf"] = [strict(value) for value in schema[several]]
    if "allOf" in schema and len(schema["allOf"]) == 1:
        out |= strict(schema["allOf"][0])
    if "$defs" in schema:
        out["$defs"] = {name: strict(value) for name, value in schema["$defs"].items()}
    return out


def _items(schema: dict[str, Any]) -> dict[str, Any]:
    """What the items of an array may be: fixed places are not known to strict mode."""
    places = *schema.get("prefixItems", ()), schema.get("items")
    items = [strict(place) for place in places if isinstance(place, dict)]
    different = [item for n, item in enumerate(items) if item not in items[:n]]
    return different[0] if len(different) == 1 else {"anyOf": different}
