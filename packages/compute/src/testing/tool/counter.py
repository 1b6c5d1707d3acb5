#!/usr/bin/env python3
"""A tool for the tests that is kept running: it counts its calls, and misbehaves when asked to."""
import json, os, sys, time

calls = 0


def run(value, call):
    global calls
    calls += 1
    do = value["do"]
    if do == "sleep":
        time.sleep(60)
    elif do == "exit":
        sys.exit(3)
    elif do == "garbage":
        print("what?", flush=True)
    elif do == "big":
        return {"calls": calls, "text": "x" * 2_000_000}
    elif do == "chatter":
        while True:
            call(0.5, "x" * 500)
    elif do == "memory":
        return {"calls": calls, "text": str(len(bytearray(1 << 30)))}
    elif do == "refuse":
        raise ValueError("I do not want to")
    elif do == "log":
        print("a" * 2000, file=sys.stderr, flush=True)
    elif do == "progress":
        call(0.5, "half way")
    elif do == "number":
        return {"calls": calls, "number": 12345678901234567890, "text": value.get("text", "")}
    return {"calls": calls, "text": value.get("text", "")}


def answer(value, call):
    try:
        return {"output": run(value, call)}
    except ValueError as error:
        return {"error": {"code": "not_wanted", "message": str(error)}}


mode = sys.argv[-1]
if mode == "--mcp-describe":
    print(
        json.dumps(
            {
                "name": "counter",
                "description": "Counts its calls",
                "stream": "fresh" not in sys.argv,
                "inputSchema": {"type": "object", "required": ["do"]},
                "outputSchema": {"type": "object", "required": ["calls"]},
                "examples": [{"input": {"do": "nothing"}}],
            }
        )
    )
elif mode == "--mcp-stream":
    for line in sys.stdin:
        message = json.loads(line)
        name = message["id"]
        tell = lambda fraction, text: print(json.dumps({"id": name, "progress": fraction, "message": text}), flush=True)
        print(json.dumps({"id": name, **answer(message["input"], tell)}), flush=True)
else:
    tell = lambda fraction, text: print(json.dumps({"progress": fraction, "message": text}), file=sys.stderr, flush=True)
    result = answer(json.load(sys.stdin), tell)
    print(json.dumps(result.get("output", result)))
    sys.exit(1 if "error" in result else 0)
