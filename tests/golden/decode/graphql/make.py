"""Makes the samples of GraphQL: graphql-core answers what is asked.

python make.py        (with graphql-core installed; made with 3.3.2)
"""

import hashlib
import json
import pathlib
import urllib.parse

import graphql

HERE = pathlib.Path(__file__).resolve().parent
URL = "https://api.example/graphql"

SCHEMA = graphql.build_schema(
    """
    type User { id: ID!, name: String, friends: [User!], secret: String }
    type Query { user(id: ID!): User }
    type Mutation { rename(id: ID!, name: String!): User }
    """
)
QUERY = '''# Who is it?
query GetUser($id: ID!, $deep: Boolean = true) @cached(for: "{60}") {
  user(id: $id) { ...Names friends @include(if: $deep) { name secret } }
}
"""A fragment { of names"""
fragment Names on User { id name }
mutation Rename { rename(id: "1", name: "query X {") { name } }
'''


class User:
    def __init__(self, number, name, friends=()):
        self.id, self.name, self.friends = number, name, list(friends)

    def secret(self, _info):
        raise ValueError(f"{self.name} keeps it")


def write(name, head, body):
    head = "".join(f"{key}: {value}\n" for key, value in head)
    (HERE / name).write_bytes(head.encode() + b"\n" + body.encode())


def request(name, body, kind="application/json", url=URL, told="graphql"):
    head = [("kind", told), ("place", "request"), ("url", url)]
    if kind:
        head.append(("header", f"Content-Type: {kind}"))
    text = body if isinstance(body, str) else json.dumps(body)
    write(f"{name}.request", head, text)


def response(name, body, kind="application/json", url=URL, more=()):
    head = [("kind", "graphql"), ("place", "response"), ("status", 200), ("url", url)]
    head += [("header", f"Content-Type: {kind}"), *more]
    text = body if isinstance(body, str) else json.dumps(body)
    write(f"{name}.response", head, text)


def answer(query, variables=None, name=None):
    source = query.replace(' @cached(for: "{60}")', "").replace(
        '"""A fragment { of names"""', ""
    )
    root = {"user": lambda _info, id: User(id, "Ada", [User("2", "Bö")])}
    result = graphql.graphql_sync(SCHEMA, source, root, None, variables, name)
    return result.formatted


ask = {
    "operationName": "GetUser",
    "variables": {"id": "1", "deep": True, "where": {"in": [1, None, 2.5]}},
    "query": QUERY,
}
request("query", ask)
whole = answer(QUERY, {"id": "1"}, "GetUser")
assert whole["data"] and whole["errors"]
whole["extensions"] = {"cost": 7}
response("query", whole)
response("wrong", answer("{ usr }"), "application/graphql-response+json")
text = json.dumps(whole)
response("cut", text[: text.index("keeps") + 5])
# Neither the path nor the type tells, but what was asked.
elsewhere = "https://api.example/v1"
asked = ("answers", json.dumps({"query": "{ user(id: 1) { name } }"}))
response("elsewhere", {"data": {"user": None}}, url=elsewhere, more=[asked])
request("anonymous", {"query": "{ user(id: 1) { name } }"}, url=elsewhere)
request("plain", "subscription Ticks { tick }", "application/graphql")
request(
    "batch",
    [{"query": "query A { user(id: 1) { id } }"}, {"query": "mutation B { x }"}],
)
response("batch", [{"data": {"user": {"id": "1"}}}, {"data": None}])
hash_of = hashlib.sha256(QUERY.encode()).hexdigest()
persisted = {"persistedQuery": {"version": 1, "sha256Hash": hash_of}}
request("persisted", {"operationName": "GetUser", "extensions": persisted})
query = {
    "query": "query Me { user(id: 1) { name } }",
    "variables": '{"a": 1}',
    "operationName": "Me",
}
request("get", "", None, f"{URL}?{urllib.parse.urlencode(query)}")
query = urllib.parse.urlencode({"extensions": json.dumps(persisted)})
request("get-persisted", "", None, f"{URL}?{query}")
request("not", {"query": "shoes", "page": 2}, url=elsewhere, told="json")
request("not-too", {"query": "query builders", "variables": {}}, url=elsewhere, told="json")


def message(name, body):
    head = [("kind", "graphql"), ("place", "message"), ("is", "text")]
    write(f"{name}.message", head, json.dumps(body))


message("ws-subscribe", {"id": "a1", "type": "subscribe", "payload": ask})
message("ws-next", {"id": "a1", "type": "next", "payload": whole})
