"""Flows of an old mitmproxy, by its own FlowWriter: make_old.py FILE, run by an
interpreter that has it (those here: 4.0.4, 5.3.0, 6.0.2 and 7.0.4 of PyPI)."""
import sys
from mitmproxy import io, version
from mitmproxy.test import tflow
flows=[tflow.tflow(resp=True), tflow.tflow(err=True), tflow.ttcpflow(), tflow.ttcpflow(err=True)]
f=tflow.tflow(resp=True); 
try: f.marked=True if version.FLOW_FORMAT_VERSION<13 else ":default:"
except Exception as e: print(e)
f.metadata["a"]="b"
flows.append(f)
f=tflow.tflow(resp=True)
if hasattr(f.request,'is_replay'):
    try: f.request.is_replay=True
    except Exception: pass
if hasattr(f,'is_replay'): f.is_replay="request"
flows.append(f)
w=tflow.twebsocketflow()
if type(w).__name__=="WebSocketFlow":
    w.handshake_flow.metadata["websocket"]=True
    w.metadata["websocket_handshake"]=w.handshake_flow.id
    flows.append(w.handshake_flow)
flows.append(w)
with open(sys.argv[1],'wb') as fo:
    fw=io.FlowWriter(fo)
    for f in flows: fw.add(f)
print(version.VERSION, version.FLOW_FORMAT_VERSION, len(flows))
