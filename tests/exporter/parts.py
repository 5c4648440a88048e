"""Puts a flow together from what hooks tell of it, by the rules that
mitmproxy.v1.FlowPart has in words."""

WHOLE, PART, APPEND, CONNECTION = 1, 2, 3, 4

BODY = (
    "content",
    "content_truncated",
    "raw_content",
    "content_size",
    "content_changed",
    "content_left_out",
    "streamed",
)


def replace(known, part):
    """Each field that the part has takes the place of the one that is known."""
    for field, _ in part.ListFields():
        known.ClearField(field.name)
        only = type(part)()
        only.CopyFrom(part)
        for other, _ in part.ListFields():
            if other.name != field.name:
                only.ClearField(other.name)
        known.MergeFrom(only)


def replace_message(known, part):
    """The same for a request or response, where the body's fields are one."""
    names = {field.name for field, _ in part.ListFields()}
    if names & set(BODY):
        for name in BODY:
            known.ClearField(name)
    replace(known, part)


def put_together(known, kind, message):
    """The mitmproxy.v1.Flow after this message; `known` is the one before."""
    if kind == WHOLE:
        flow = type(message.flow)()
        flow.CopyFrom(message.flow)
        return flow
    assert kind == PART and known is not None
    part = message.part.flow
    name = part.WhichOneof("flow")
    assert name == known.WhichOneof("flow")
    mine, its = getattr(known, name), getattr(part, name)
    assert mine.id == message.part.flow_id and not its.id
    if name == "http_flow":
        for half in ("request", "response"):
            if its.HasField(half):
                replace_message(getattr(mine, half), getattr(its, half))
                getattr(mine, half).SetInParent()
                its.ClearField(half)
    mine.live = its.live
    replace(mine, its)
    if part.HasField("meta"):
        known.ClearField("meta")
        if part.meta.ListFields():
            known.meta.CopyFrom(part.meta)
    return known
