#!/usr/bin/env python3
"""What a list of numbers has to say: a tool in Python, with its standard library and nothing else."""

import json
import statistics
import sys

NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 100000}
FIELDS = ["count", "mean", "median", "deviation", "smallest", "largest"]
DESCRIPTION = {
    "contract": "tool/1",
    "name": "summary",
    "title": "Summary of numbers",
    "description": "Count, mean, median, standard deviation, smallest and largest of a list of numbers",
    "inputSchema": {"type": "object", "properties": {"numbers": NUMBERS}, "required": ["numbers"]},
    "outputSchema": {"type": "object", "properties": {name: {"type": "number"} for name in FIELDS}, "required": FIELDS},
    "examples": [
        {
            "input": {"numbers": [2, 4, 4, 4, 5, 5, 7, 9]},
            "output": {"count": 8, "mean": 5, "median": 4.5, "deviation": 2, "smallest": 2, "largest": 9},
        }
    ],
    "annotations": {"readOnlyHint": True, "idempotentHint": True},
    "stream": True,
}


def run(value):
    numbers = value["numbers"]
    results = [len(numbers), statistics.fmean(numbers), statistics.median(numbers), statistics.pstdev(numbers), min(numbers), max(numbers)]
    return dict(zip(FIELDS, results))


def answer(value):
    try:
        return {"output": run(value)}
    except OverflowError:
        return {"error": {"code": "too_large", "message": "These numbers are too large to be summed. Divide them all by the same number."}}


def main(mode):
    if mode == "--mcp-describe":
        print(json.dumps(DESCRIPTION))
    elif mode == "--mcp-stream":
        for line in sys.stdin:
            call = json.loads(line)
            print(json.dumps({"id": call["id"], **answer(call["input"])}), flush=True)
    else:
        result = answer(json.load(sys.stdin))
        print(json.dumps(result.get("output", result)))
        return 1 if "error" in result else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[-1]))
