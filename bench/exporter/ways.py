"""What the benchmarks of whole proxies share: origins, servers, and mitmdump
with one of the ways to export: none, an empty addon, the original's, ours."""

import argparse
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ("none", "empty", "original", "mitmflow")
DEADLINE_S = 30
EMPTY = "class Empty:\n{hooks}\naddons = [Empty()]\n"
HOOKS = """requestheaders request responseheaders response error http_connect
http_connect_upstream http_connected http_connect_error dns_request dns_response dns_error
tcp_start tcp_message tcp_end tcp_error udp_start udp_message udp_end udp_error
websocket_start websocket_message websocket_end client_connected client_disconnected
server_connected server_disconnected server_connect_error tls_failed_client
tls_failed_server""".split()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_port(port, process):
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        assert process.poll() is None, "it ended"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise TimeoutError(f"nothing listens at {port}")


def arguments(text, rounds, **numbers):
    """Those that all have; `numbers` are options of one, with their defaults."""
    parser = argparse.ArgumentParser(description=text.partition("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("mitmdump")
    parser.add_argument("--old", action="store_true", help="a server of the published schema")
    parser.add_argument("--rounds", type=int, default=rounds)
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    options.exporter = options.build / "exporter" / "mitmflow_exporter.py"
    return options


class Process:
    """Ends with the block; `pid` and its memory may be asked for."""

    def __init__(self, command, **options):
        self.popen = subprocess.Popen([str(part) for part in command], **options)
        self.pid = self.popen.pid

    def end(self, number=signal.SIGTERM):
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        try:
            self.popen.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def memory(self, name="VmRSS"):
        """Bytes; VmHWM is the greatest so far."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024

    def cpu_seconds(self):
        """Of all its threads."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def loop_seconds(self):
        """CPU of the main thread, which runs mitmproxy's loop."""
        stat = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/schedstat").read_text()
        return int(stat.split()[0]) / 1e9


def start_origin(folder, sizes):
    """nginx with a file of each size, at "/SIZE", by HTTP and HTTPS: the
    process and both ports."""
    folder = pathlib.Path(folder)
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
        f"-keyout {folder}/key.pem -out {folder}/cert.pem".split(),
        check=True,
        capture_output=True,
    )
    files = folder / "files"
    files.mkdir()
    for size in sizes:
        (files / str(size)).write_bytes(os.urandom(size))
    plain, secure = free_port(), free_port()
    (folder / "nginx.conf").write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{ access_log off; keepalive_requests 1000000; client_max_body_size 0;
  types {{}} default_type text/plain;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{secure} ssl; root {files};
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; }} }}
"""
    )
    for path in (folder, files):
        path.chmod(0o755)
    origin = Process(["nginx", "-p", folder, "-c", folder / "nginx.conf"])
    wait_port(plain, origin.popen)
    return origin, plain, secure


def start_server(folder, build):
    """Our server; it and its URL."""
    port = free_port()
    server = Process(
        [
            pathlib.Path(build, "mitmflow"),
            "--addr",
            f"127.0.0.1:{port}",
            "--data-dir",
            folder,
            "--log-level",
            "error",
        ]
    )
    wait_port(port, server.popen)
    return server, f"http://127.0.0.1:{port}"


def start_old_sink(build):
    """A server of the published schema; it and its URL."""
    sink = Process([pathlib.Path(build, "bench/exporter/bench-old-sink")], stdout=subprocess.PIPE)
    port = int(sink.popen.stdout.readline())
    return sink, f"http://127.0.0.1:{port}"


def start_any_server(options, folder):
    if options.old:
        return start_old_sink(options.build)
    return start_server(folder / "data", options.build)


def original_addon(mitmdump):
    """The file of the original's addon, in the environment of `mitmdump`."""
    python = pathlib.Path(mitmdump).parent / "python"
    code = "import importlib.util; print(importlib.util.find_spec('grpc_addon').origin)"
    return subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def start_proxy(mitmdump, exporter, way, folder, mode, url, *more):
    """mitmdump in `mode` that exports to `url`; it and its port."""
    port = free_port()
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    command = [mitmdump, "-q", "--mode", mode, "--listen-host", "127.0.0.1"]
    command += ["--listen-port", port, "--ssl-insecure", "--set", f"confdir={folder}", *more]
    if way == "empty":
        script = folder / "empty.py"
        hooks = "\n".join(f"    def {hook}(self, _): pass" for hook in HOOKS)
        script.write_text(EMPTY.format(hooks=hooks))
        command += ["-s", script]
    elif way == "original":
        command += ["-s", original_addon(mitmdump), "--set", f"grpc_addr={url}"]
    elif way == "mitmflow":
        command += ["-s", exporter, "--set", f"grpc_addr={url}"]
    proxy = Process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_port(port, proxy.popen)
    return proxy, port


def insecure_context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
