#!/usr/bin/env python3
"""A tool: one JSON value in, one out. Only the first part is yours to change."""

import json
import sys

DESCRIPTION = {
    "contract": "tool/1",
    "name": "{{name}}",
    "description": "Greets a person by name",
    "stream": True,
    "inputSchema": {"type": "object", "properties": {"name": {"type": "string", "minLength": 1}}, "required": ["name"]},
    "outputSchema": {"type": "object", "properties": {"greeting": {"type": "string"}}, "required": ["greeting"]},
    "examples": [{"input": {"name": "Ada"}, "output": {"greeting": "Hello, Ada!"}}],
}


class Refusal(Exception):
    """Raised to refuse a call; the code and the message reach the caller."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def run(value):
    if value["name"] == "nobody":
        raise Refusal("not_found", "There is nobody of that name.")
    return {"greeting": f"Hello, {value['name']}!"}


# --- the contract tool/1: the same in every tool ---


def to_json(value):
    return json.dumps(value, separators=(",", ":"))


def answer(value):
    try:
        return {"output": run(value)}
    except Refusal as refusal:
        return {"error": {"code": refusal.code, "message": str(refusal)}}
    except Exception as error:
        return {"error": {"code": "internal", "message": f"{type(error).__name__}: {error}"}}


def main(arguments):
    if arguments[-1:] in (["--mcp-describe"], ["--mcp-schema"]):
        print(to_json(DESCRIPTION))
    elif arguments[-1:] == ["--mcp-stream"]:
        for line in sys.stdin:
            call = json.loads(line)
            print(to_json({"id": call["id"], **answer(call["input"])}), flush=True)
    else:
        result = answer(json.load(sys.stdin))
        print(to_json(result.get("output", result)))
        return 1 if "error" in result else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
