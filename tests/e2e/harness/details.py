"""What an error of gRPC says beside its text."""

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory


def _status_class():
    """google.rpc.Status, as far as it is needed."""
    file = descriptor_pb2.FileDescriptorProto(
        name="harness/status.proto",
        package="harness",
        syntax="proto3",
        dependency=["google/protobuf/any.proto"],
    )
    message = file.message_type.add(name="Status")
    field = descriptor_pb2.FieldDescriptorProto
    message.field.add(name="code", number=1, type=field.TYPE_INT32, label=field.LABEL_OPTIONAL)
    message.field.add(
        name="message", number=2, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL
    )
    message.field.add(
        name="details",
        number=3,
        type=field.TYPE_MESSAGE,
        type_name=".google.protobuf.Any",
        label=field.LABEL_REPEATED,
    )
    pool = descriptor_pool.DescriptorPool()
    any_file = descriptor_pb2.FileDescriptorProto()
    any_pb2.DESCRIPTOR.CopyToProto(any_file)
    pool.Add(any_file)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("harness.Status"))


Status = _status_class()


def of(error, kind):
    """The one detail of a grpc.RpcError, a message of `kind`."""
    metadata = dict(error.trailing_metadata())
    [detail] = Status.FromString(metadata["grpc-status-details-bin"]).details
    assert detail.type_url == f"type.googleapis.com/{kind.DESCRIPTOR.full_name}"
    return kind.FromString(detail.value)
