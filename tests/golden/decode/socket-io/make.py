"""Makes the samples of Socket.IO with python-socketio's own packets.

python make.py        (with python-socketio installed; made with 5.18.1)
"""

import pathlib

import engineio.packet
import socketio.packet

HERE = pathlib.Path(__file__).resolve().parent


def write(name, text):
    head = "kind: socket-io\nplace: message\nis: text\n"
    head += "url: wss://chat.example/socket.io/?EIO=4&transport=websocket\n"
    (HERE / f"{name}.message").write_text(head + "\n" + text)


def engine(kind, data=None):
    return engineio.packet.Packet(kind, data).encode()


def packet(kind, data=None, space=None, number=None):
    made = socketio.packet.Packet(kind, data=data, namespace=space, id=number)
    text = made.encode()
    return text if isinstance(text, list) else [text]


def message(name, *args, **more):
    write(name, engine(engineio.packet.MESSAGE, packet(*args, **more)[0]))


write(
    "open",
    engine(engineio.packet.OPEN, {"sid": "x1", "upgrades": [], "pingInterval": 25000}),
)
write("ping", engine(engineio.packet.PING))
write("probe", engine(engineio.packet.PING, "probe"))
message("connect", socketio.packet.CONNECT, {"token": "t"}, space="/admin")
message("event", socketio.packet.EVENT, ["said", {"text": "hällo"}, 3])
message("event-ack", socketio.packet.EVENT, ["said"], space="/chat", number=12)
message("ack", socketio.packet.ACK, [True], number=12)
message("binary", socketio.packet.EVENT, ["file", b"\0\1"])
write("cut", '42["said",{"text":"hä')
