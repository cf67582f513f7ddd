"""A proxy that speaks TLS to whoever comes and plain TCP to a service, with a certificate of its own for localhost."""
import contextlib
import pathlib
import socket
import ssl
import subprocess
import threading


def pump(source, sink):
    with contextlib.suppress(OSError):
        while block := source.recv(1 << 16):
            sink.sendall(block)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class TlsProxy:
    """`url` is where it listens; `certificate` is what has to be trusted."""

    def __init__(self, folder, port_behind):
        self.certificate, key = pathlib.Path(folder) / "certificate.pem", pathlib.Path(folder) / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.behind = ("127.0.0.1", port_behind)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.listening.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listening.close()

    def serve(self):
        with contextlib.suppress(OSError):  # closed: it is over
            while True:
                threading.Thread(target=self.carry, args=(self.listening.accept()[0],), daemon=True).start()

    def carry(self, plain):
        with plain, contextlib.suppress(OSError):  # whoever does not trust the certificate goes away
            with self.context.wrap_socket(plain, server_side=True) as near, socket.create_connection(self.behind) as far:
                back = threading.Thread(target=pump, args=(far, near), daemon=True)
                back.start()
                pump(near, far)
                back.join()
