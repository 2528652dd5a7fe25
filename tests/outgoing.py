"""Deliveries for tests, and a receiver that speaks TLS with a certificate of its own."""

import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dualis.accounts.models import User
from dualis.notifications.egress import Policy
from dualis.notifications.models import Delivery, Webhook
from dualis.notifications.notices import Notice
from tests.people import NOW

HOST = "hooks.example.com"
LOOPBACK = ip_network("127.0.0.0/8")


def hook(user: User, url: str = f"https://{HOST}/in", **fields: Any) -> Webhook:
    return Webhook.objects.create(user=user, url=url, created_at=NOW, **fields)


def waiting(user: User, door: str = "email", webhook: Webhook | None = None, **fields: Any):
    """Return a delivery of a notice that is due at NOW."""
    told = Notice(user.id, "PASSWORD_CHANGED", "Title", "Message.", link="/x").notification(NOW)
    values: dict[str, Any] = {"payload": told.to_dict(), "created_at": NOW, "due_at": NOW}
    if webhook is not None:
        values["webhook"] = webhook
    return Delivery.objects.create(user=user, door=door, **{**values, **fields})


class Receiver:
    """What came in, how to answer, and what a client must know to get here."""

    def __init__(self, port: int, trust: ssl.SSLContext) -> None:
        self.trust = trust
        self.url = f"https://{HOST}:{port}/in?a=1"
        self.policy = Policy(ports=frozenset({port}), networks=[LOOPBACK])
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = self.ok
        self.release = threading.Event()

    @staticmethod
    def ok(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(204)
        handler.end_headers()


@contextmanager
def receiver(name: str = HOST) -> Iterator[Receiver]:
    """Run a receiver whose certificate is for `name`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.requests.append((self.path, dict(self.headers), body))
            made.answer(self)

        def log_message(self, *args: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: Any) -> None: ...  # clients that leave are no news

    with tempfile.TemporaryDirectory() as folder:
        pem = certificate(Path(folder), name)
        server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        made = Receiver(server.server_port, ssl.create_default_context(cafile=str(pem)))
        thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.release.set()
            server.shutdown()
            server.server_close()
            thread.join()


def certificate(folder: Path, name: str) -> Path:
    """Write a key and a certificate that signs itself into one file; return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
