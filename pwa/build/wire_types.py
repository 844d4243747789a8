"""Write pwa/generated/wire.ts: the types of api/phone/wire.py and rules/events.py, so that both sides have one definition.

python pwa/build/wire_types.py          writes the file
python pwa/build/wire_types.py --check  says whether it is current
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "pwa" / "generated" / "wire.ts"
sys.path.insert(0, str(ROOT))

from pydantic.json_schema import models_json_schema  # noqa: E402

from api.phone import wire  # noqa: E402
from rules import events  # noqa: E402

HEAD = "// Made by pwa/build/wire_types.py from api/phone/wire.py and rules/events.py. Change those, never this.\n"


def types() -> str:
    """All types as one TypeScript module: requests, answers, the payload and a body for each kind of event."""
    asked = [each for each in vars(wire).values() if _is(each, wire.Asked)]
    told = [each for each in vars(wire).values() if _is(each, wire.Told)]
    bodies = dict.fromkeys([events.Payload, *events.PHONE_KINDS.values()])
    blocks: dict[str, str] = {}
    for models, mode in ((asked, "validation"), (told, "serialization"), (list(bodies), "validation")):
        _, schema = models_json_schema([(model, mode) for model in models])  # type: ignore[misc]
        for name, definition in schema["$defs"].items():
            blocks[name] = _block(name, definition)
    for name in ("Misshapen", "Asked", "Told", "Fact"):
        blocks.pop(name, None)
    kinds = "".join(f'  "{kind}": {body.__name__};\n' for kind, body in events.PHONE_KINDS.items())
    blocks["Bodies"] = f"export interface Bodies {{\n{kinds}}}\n\nexport type EventKind = keyof Bodies;\n"
    return HEAD + "\n" + "\n".join(blocks[name] for name in sorted(blocks))


def _is(found: Any, base: type) -> bool:
    return isinstance(found, type) and issubclass(found, base) and found is not base


def _block(name: str, definition: dict[str, Any]) -> str:
    words = definition.get("description", "")
    about = f"/** {' '.join(words.split())} */\n" if words else ""
    if "enum" in definition:
        return f"{about}export type {name} = {_type(definition)};\n"
    needed = set(definition.get("required", ()))
    lines = [
        f"  {_key(member)}{'' if member in needed else '?'}: {_type(schema)};\n"
        for member, schema in definition.get("properties", {}).items()
    ]
    return f"{about}export interface {name} {{\n{''.join(lines)}}}\n"


def _key(member: str) -> str:
    return member if member.isidentifier() else f'"{member}"'


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        return " | ".join(_literal(value) for value in schema["enum"])
    if "anyOf" in schema or "oneOf" in schema:
        return " | ".join(dict.fromkeys(_type(each) for each in schema.get("anyOf") or schema["oneOf"]))
    match schema.get("type"):
        case "array":
            inner = _type(schema.get("items", {}))
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case "object":
            return _record(schema)
        case "integer" | "number":
            return "number"
        case "boolean":
            return "boolean"
        case "null":
            return "null"
        case "string":
            return "string"
    return "unknown"


def _record(schema: dict[str, Any]) -> str:
    if "properties" in schema:
        raise ValueError(f"an object without a name: {sorted(schema['properties'])}")
    values = schema.get("additionalProperties")
    value = (
        _type(values)
        if isinstance(values, dict)
        else next((_type(each) for each in schema.get("patternProperties", {}).values()), "unknown")
    )
    names = schema.get("propertyNames", {})
    if "enum" in names:
        return f"Partial<Record<{_type(names)}, {value}>>"
    return f"Record<string, {value}>"


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main() -> int:
    text = types()
    if "--check" in sys.argv:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        print(f"{TARGET.relative_to(ROOT)} is not current: run python pwa/build/wire_types.py", file=sys.stderr)
        return 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
