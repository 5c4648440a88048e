"""Export messages for the tests to send."""

import time
import uuid

from harness.schema import proxy


def request(kind="http", event=proxy.EVENT_TYPE_RESPONSE, flow_id=None, **fields):
    """An ExportFlowRequest with a flow of `kind`."""
    message = proxy.ExportFlowRequest(event_type=event)
    flow = getattr(message.flow, f"{kind}_flow")
    flow.id = str(uuid.uuid4()) if flow_id is None else flow_id
    flow.timestamp_start.FromNanoseconds(fields.pop("start_ns", time.time_ns()))
    flow.client.peername_host = fields.pop("client", "127.0.0.1")
    flow.live = True
    for name, value in fields.items():
        setattr(flow, name, value)
    return message


def http(url="http://one.example/", method="GET", status=200, body=b"", **more):
    message = request("http", **more)
    flow = message.flow.http_flow
    flow.request.method = method
    flow.request.url = flow.request.pretty_url = url
    flow.request.http_version = flow.response.http_version = "HTTP/1.1"
    flow.response.status_code = status
    flow.response.content = body
    return message


def started(**more):
    """A flow that goes on."""
    message = http(event=proxy.EVENT_TYPE_REQUESTHEADERS, **more)
    message.flow.http_flow.ClearField("response")
    return message


def flow_id(message):
    return getattr(message.flow, message.flow.WhichOneof("flow")).id


def append(kind, flow_id, first_index, contents, event=None, from_client=True, **more):
    """An ExportFlowRequest with messages that a flow has gained; the contents
    of its messages, from `first_index` on."""
    field, default = {
        "websocket": ("websocket_messages", proxy.EVENT_TYPE_WEBSOCKET_MESSAGE),
        "tcp": ("tcp_messages", proxy.EVENT_TYPE_TCP_MESSAGE),
        "udp": ("udp_messages", proxy.EVENT_TYPE_UDP_MESSAGE),
    }[kind]
    message = proxy.ExportFlowRequest(event_type=default if event is None else event)
    message.append.flow_id = flow_id
    message.append.first_index = first_index
    for content in contents:
        added = getattr(message.append, field).add(content=content, from_client=from_client)
        added.timestamp.FromNanoseconds(time.time_ns())
    for name, value in more.items():
        setattr(message.append, name, value)
    return message


def connection(event, client="c1", server=None, at_ns=None, error="", port=40000, **fields):
    """An ExportFlowRequest with a ConnectionEvent of the connections with these
    ids; `fields` are of the one that the event is about."""
    message = proxy.ExportFlowRequest(event_type=event)
    told = message.connection
    told.at.FromNanoseconds(time.time_ns() if at_ns is None else at_ns)
    told.error = error
    told.client.id = client
    told.client.peername_host, told.client.peername_port = "10.0.0.7", port
    about = told.client
    if server is not None:
        about = told.server
        about.id = server
        about.address_host, about.address_port = "origin.example", 443
    for name, value in fields.items():
        setattr(about, name, value)
    return message


def loss(loss_id="loss-1", count=12, from_ns=None, to_ns=None, reason="the spool is full"):
    message = proxy.ExportFlowRequest()
    message.loss.id = loss_id
    message.loss.count = count
    now = time.time_ns()
    getattr(message.loss, "from").FromNanoseconds(now - 10**9 if from_ns is None else from_ns)
    message.loss.to.FromNanoseconds(now if to_ns is None else to_ns)
    message.loss.reason = reason
    return message
