"""Makes the samples of conversations with language models.

    python make.py     (with openai and anthropic installed; made with 3.57.0
                        and 2.14.0)

The requests are what the official clients send. The answers have the shapes
of the providers' documentation, and a server here gives them: the clients read
them, and must make of each what is expected.
"""

import http.server
import json
import pathlib
import threading

import anthropic
import openai

HERE = pathlib.Path(__file__).resolve().parent
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
seen = []
answers = []


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        seen.append((self.path, body))
        status, kind, answer = answers.pop(0)
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
one = openai.OpenAI(api_key="key", base_url=f"{base}/v1", max_retries=0)
other = anthropic.Anthropic(api_key="key", base_url=base, max_retries=0)


def events(items, names=False, end=b""):
    out = b""
    for item in items:
        if names:
            out += b"event: " + item["type"].encode() + b"\n"
        out += b"data: " + json.dumps(item).encode() + b"\n\n"
    return out + end


def write(name, ending, host, path, body, head):
    text = f"kind: llm\nplace: {ending}\nurl: https://{host}{path}\n"
    text += "".join(f"{line}\n" for line in head)
    (HERE / f"{name}.{ending}").write_bytes(text.encode() + b"\n" + body)


def sample(name, answer, call, status=200, with_request=False):
    """One exchange; gives what the client makes of it."""
    is_stream = isinstance(answer, bytes)
    kind = "text/event-stream; charset=utf-8" if is_stream else "application/json"
    body = answer if is_stream else json.dumps(answer).encode()
    answers.append((status, kind, body))
    result = call()
    path, asked = seen.pop()
    host = "api.anthropic.com" if "messages" in path else "api.openai.com"
    write(name, "request", host, path, asked, ["header: Content-Type: application/json"])
    head = [f"status: {status}", f"header: Content-Type: {kind}"]
    if with_request:
        head.append("answers: " + asked.decode())
    write(name, "response", host, path, body, head)
    return result


# ---- chat completions

tool = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather now.",
        "parameters": SCHEMA,
    },
}
said = [
    {"role": "system", "content": "Be short."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "Is it like this in Köln?"},
            {
                "type": "image_url",
                "image_url": {"url": f"data:image/png;base64,{PIXEL}"},
            },
            {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        ],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_0",
                "type": "function",
                "function": {"name": "get_weather", "arguments": '{"city":"Köln"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "call_0", "content": "rain"},
]
usage = {
    "prompt_tokens": 82,
    "completion_tokens": 17,
    "total_tokens": 99,
    "prompt_tokens_details": {"cached_tokens": 64},
    "completion_tokens_details": {"reasoning_tokens": 5},
}
chat = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1741569952,
    "model": "gpt-4.1-2025-04-14",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "No, it rains.", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": usage,
}
result = sample(
    "chat",
    chat,
    lambda: one.chat.completions.create(
        model="gpt-4.1", messages=said, tools=[tool], temperature=0.2, seed=7
    ),
    with_request=True,
)
assert result.choices[0].message.content == "No, it rains."


def chunk(delta=None, reason=None, index=0, **more):
    choices = [{"index": index, "delta": delta, "finish_reason": reason}]
    return {
        "id": "chatcmpl-2",
        "object": "chat.completion.chunk",
        "created": 1741569952,
        "model": "gpt-4.1-2025-04-14",
        "choices": [] if delta is None else choices,
        **more,
    }


def call(index, arguments, **more):
    function = {"arguments": arguments, **more.pop("function", {})}
    return {"tool_calls": [{"index": index, "function": function, **more}]}


name = {"name": "get_weather"}
chunks = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Let me "}),
    chunk({"content": "lööok. 😀"}),
    chunk(call(0, "", id="call_1", type="function", function=name)),
    chunk(call(0, '{"ci')),
    chunk(call(1, "", id="call_2", type="function", function=name)),
    chunk(call(0, 'ty":"Köln"}')),
    chunk(call(1, '{"city":"Bonn"}')),
    chunk({}, "tool_calls"),
    chunk(usage=usage),
]
stream = events(chunks, end=b"data: [DONE]\n\n")


def read_chat():
    calls = {}
    with one.chat.completions.create(
        model="gpt-4.1", messages=said[:2], tools=[tool], stream=True
    ) as answer:
        for part in answer:
            for choice in part.choices:
                for one_call in choice.delta.tool_calls or []:
                    calls.setdefault(one_call.index, "")
                    calls[one_call.index] += one_call.function.arguments
    return calls


result = sample("chat-stream", stream, read_chat)
assert result == {0: '{"city":"Köln"}', 1: '{"city":"Bonn"}'}


def cut(name, of, at, host, path):
    head = ["status: 200", "header: Content-Type: text/event-stream"]
    write(name, "response", host, path, of[:at], head)


path = "/v1/chat/completions"
at = stream.index(b"\\u00f6\\u00f6ok") + 4  # in the middle of a character
cut("chat-stream-cut", stream, at, "api.openai.com", path)
thoughts = [
    chunk({"role": "assistant", "reasoning_content": "It is "}),
    chunk({"reasoning_content": "autumn."}),
    chunk({"content": "Rain."}),
    chunk({"role": "assistant", "content": "Sun."}, index=1),
    chunk({}, "stop"),
    chunk({}, "length", index=1),
]
cut("chat-thoughts", events(thoughts), None, "llm.example", path)
request = (HERE / "chat.request").read_bytes().split(b"\n\n", 1)[1]
head = ["header: Content-Type: application/json", "is: cut"]
write("chat-cut", "request", "api.openai.com", path, request[:300], head)
error = {
    "error": {
        "message": "Incorrect API key provided.",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_api_key",
    }
}


def refused():
    try:
        one.chat.completions.create(model="gpt-4.1", messages=said[:1])
    except openai.AuthenticationError as err:
        return err.code
    return None


assert sample("chat-error", error, refused, status=401) == "invalid_api_key"

# ---- completions

done = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1589478378,
    "model": "gpt-3.5-turbo-instruct",
    "choices": [
        {"text": " there was", "index": 0, "logprobs": None, "finish_reason": "length"}
    ],
    "usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4},
}
result = sample(
    "completions",
    done,
    lambda: one.completions.create(
        model="gpt-3.5-turbo-instruct", prompt="Once upon", max_tokens=2
    ),
)
assert result.choices[0].text == " there was"
parts = [" there", " was"]
done = [
    {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1589478378,
        "model": "gpt-3.5-turbo-instruct",
        "choices": [{"text": text, "index": 0, "finish_reason": None}],
    }
    for text in parts
]
done[-1]["choices"][0]["finish_reason"] = "length"


def read_completion():
    with one.completions.create(
        model="gpt-3.5-turbo-instruct", prompt=["Once upon"], stream=True
    ) as answer:
        return "".join(part.choices[0].text for part in answer)


stream = events(done, end=b"data: [DONE]\n\n")
assert sample("completions-stream", stream, read_completion) == " there was"

# ---- responses

reply = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1741476777,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "instructions": "Be short.",
    "model": "gpt-5-2025-08-07",
    "output": [
        {
            "id": "rs_1",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "It rains in autumn."}],
            "encrypted_content": "gAAAAABotal",
        },
        {
            "id": "fc_1",
            "type": "function_call",
            "status": "completed",
            "call_id": "call_1",
            "name": "get_weather",
            "arguments": '{"city":"Köln"}',
        },
        {
            "id": "msg_1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "It rains.", "annotations": []}
            ],
        },
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 36,
        "input_tokens_details": {"cached_tokens": 8},
        "output_tokens": 87,
        "output_tokens_details": {"reasoning_tokens": 64},
        "total_tokens": 123,
    },
}
asked = [
    {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "And this?"},
            {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"},
            {"type": "input_file", "file_id": "file-1"},
        ],
    },
    {
        "type": "function_call",
        "call_id": "call_0",
        "name": "get_weather",
        "arguments": "{}",
    },
    {"type": "function_call_output", "call_id": "call_0", "output": "rain"},
]
tools = [{"type": "function", "strict": True, **tool["function"]}, {"type": "web_search"}]
result = sample(
    "responses",
    reply,
    lambda: one.responses.create(
        model="gpt-5",
        instructions="Be short.",
        input=asked,
        tools=tools,
        reasoning={"effort": "low"},
    ),
)
assert result.output_text == "It rains."


def of(kind, **more):
    of.number += 1
    return {"type": kind, "sequence_number": of.number, **more}


of.number = -1
began = {**reply, "status": "in_progress", "output": [], "usage": None}
thought, made, message = reply["output"]
place = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
where = {"item_id": "msg_1", "output_index": 2, "content_index": 0}
happened = [
    of("response.created", response=began),
    of("response.in_progress", response=began),
    of("response.output_item.added", output_index=0, item={**thought, "summary": []}),
    of(
        "response.reasoning_summary_part.added",
        part={"type": "summary_text", "text": ""},
        **place,
    ),
    of("response.reasoning_summary_text.delta", delta="It rains ", **place),
    of("response.reasoning_summary_text.delta", delta="in autumn.", **place),
    of("response.output_item.done", output_index=0, item=thought),
    of("response.output_item.added", output_index=1, item={**made, "arguments": ""}),
    of(
        "response.function_call_arguments.delta",
        item_id="fc_1",
        output_index=1,
        delta='{"city":',
    ),
    of(
        "response.function_call_arguments.delta",
        item_id="fc_1",
        output_index=1,
        delta='"Köln"}',
    ),
    of("response.output_item.added", output_index=2, item={**message, "content": []}),
    of(
        "response.content_part.added",
        part={"type": "output_text", "text": "", "annotations": []},
        **where,
    ),
    of("response.output_text.delta", delta="It ", logprobs=[], **where),
    of("response.output_text.delta", delta="rains.", logprobs=[], **where),
    of("response.output_text.done", text="It rains.", logprobs=[], **where),
    of("response.output_item.done", output_index=2, item=message),
    of("response.something.new", what=1),
    of("response.completed", response=reply),
]
stream = events(happened, names=True)


def read_response():
    with one.responses.create(model="gpt-5", input="Weather?", stream=True) as answer:
        last = [part for part in answer][-1]
    return last.response.output_text


assert sample("responses-stream", stream, read_response) == "It rains."
at = stream.index(b'"rains."') + 5
cut("responses-stream-cut", stream, at, "api.openai.com", "/v1/responses")

# ---- messages

claude = "claude-sonnet-4-5"
blocks = [
    {"role": "user", "content": "Is it like this in Köln?"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "A tool knows.", "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "EmwKAhgB"},
            {
                "type": "tool_use",
                "id": "toolu_0",
                "name": "get_weather",
                "input": {"city": "Köln"},
            },
        ],
    },
    {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": "toolu_0",
                "is_error": True,
                "content": [
                    {"type": "text", "text": "no such city"},
                    {
                        "type": "image",
                        "source": {
                            "type": "base64",
                            "media_type": "image/png",
                            "data": PIXEL,
                        },
                    },
                ],
            },
            {
                "type": "document",
                "source": {"type": "url", "url": "https://a.example/b.pdf"},
            },
        ],
    },
]
take = {"name": "get_weather", "description": "The weather now.", "input_schema": SCHEMA}
whole = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "I cannot tell."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 12,
        "cache_creation_input_tokens": 3,
        "cache_read_input_tokens": 2000,
        "output_tokens": 6,
    },
}
result = sample(
    "messages",
    whole,
    lambda: other.messages.create(
        model=claude,
        max_tokens=1024,
        system="Be short.",
        messages=blocks,
        tools=[take],
    ),
)
assert result.content[0].text == "I cannot tell."
begin = {**whole, "content": [], "stop_reason": None}


def at_block(index, kind, **more):
    return {"type": f"content_block_{kind}", "index": index, **more}


def delta(index, kind, **more):
    return at_block(index, "delta", delta={"type": kind, **more})


flow = [
    {"type": "message_start", "message": begin},
    at_block(
        0, "start", content_block={"type": "thinking", "thinking": "", "signature": ""}
    ),
    {"type": "ping"},
    delta(0, "thinking_delta", thinking="A tool "),
    delta(0, "thinking_delta", thinking="knows."),
    delta(0, "signature_delta", signature="EqQBCgIYAhIM"),
    at_block(0, "stop"),
    at_block(1, "start", content_block={"type": "text", "text": ""}),
    delta(1, "text_delta", text="Let me "),
    delta(1, "text_delta", text="look. 😀"),
    at_block(1, "stop"),
    at_block(
        2,
        "start",
        content_block={
            "type": "tool_use",
            "id": "toolu_1",
            "name": "get_weather",
            "input": {},
        },
    ),
    delta(2, "input_json_delta", partial_json=""),
    delta(2, "input_json_delta", partial_json='{"city": "K'),
    delta(2, "input_json_delta", partial_json='öln"}'),
    at_block(2, "stop"),
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 89},
    },
    {"type": "message_stop"},
]
stream = events(flow, names=True)


def read_message():
    with other.messages.stream(
        model=claude,
        max_tokens=2048,
        messages=blocks[:1],
        tools=[take],
        thinking={"type": "enabled", "budget_tokens": 1024},
    ) as answer:
        return answer.get_final_message()


result = sample("messages-stream", stream, read_message, with_request=True)
assert result.content[2].input == {"city": "Köln"}
assert result.content[0].thinking == "A tool knows."
path = "/v1/messages"
at = stream.index(b'partial_json": "{')
cut("messages-stream-cut", stream, at + 40, "api.anthropic.com", path)
overloaded = {
    "type": "error",
    "error": {"type": "overloaded_error", "message": "Overloaded"},
}
stream = events([*flow[:9], {"type": "new_thing"}, overloaded], names=True)
cut("messages-stream-error", stream, None, "api.anthropic.com", path)

# The model comes after more than is looked at.
said = [{"role": "user", "content": "word " * 13500}]
long = json.dumps({"messages": said, "model": "m"}).encode()
head = ["header: Content-Type: application/json"]
write("long", "request", "llm.example", "/chat", long, head)

# ---- hostile

path = "/v1/chat/completions"
wrong = [
    {"choices": 1, "object": "chat.completion.chunk"},
    {"choices": [1, None, [], {"delta": 3, "index": "x"}, {"delta": {"tool_calls": [7]}}]},
    {"choices": [{"index": 2**60, "delta": {"content": ["a"], "role": {}}}]},
    {"type": "content_block_delta", "index": 0, "delta": {"text": "no start"}},
    {"type": "response.output_text.delta", "output_index": {}, "delta": "no item"},
    {"type": "response.completed", "response": []},
    [],
    "text",
    None,
]
cut("wrong-shapes", events(wrong) + b"data: {no json\n\n", None, "llm.example", path)
many = [chunk({"content": "x"}, index=i) for i in range(600)]
cut("many-choices", events(many), None, "llm.example", path)
deep = {"model": "m", "messages": [{"role": "user", "content": []}]}
inner = deep["messages"][0]
for _ in range(80):
    inner["content"] = [{"type": "tool_result", "tool_use_id": "t", "content": []}]
    inner = inner["content"][0]
head = ["header: Content-Type: application/json"]
write("deep", "request", "llm.example", path, json.dumps(deep).encode(), head)
