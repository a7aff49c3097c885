"""`penchant serve`: answer over HTTP."""

import errno
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import chosen
from penchant.cli.session import Session
from penchant.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from penchant.engine import EngineConfig

TLS = "Encryption"


def _file(name: str, what: str) -> Any:
    return typer.Option(name, metavar="FILE", help=what, show_default=False, rich_help_panel=TLS)


def serve(
    session: Session,
    host: Annotated[
        str, typer.Option(help="The address to listen at; 0.0.0.0 is every one of this machine's.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen at.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="How many processes answer.")] = 1,
    present: Annotated[
        str | None,
        typer.Option(
            metavar="now|log",
            help="What the present is where a call does not say: the clock, or the last event of "
            "the log. Else serve.present of the settings.",
            show_default=False,
        ),
    ] = None,
    root_path: Annotated[
        str, typer.Option(metavar="PATH", help="Where a proxy puts the service, as /penchant.")
    ] = "",
    certificate: Annotated[Path | None, _file("--tls-cert", "A certificate (PEM).")] = None,
    key: Annotated[Path | None, _file("--tls-key", "Its private key (PEM).")] = None,
) -> None:
    """Answer over HTTP: events and items in, profiles and recommendations out.

    As long as there are no keys only this machine is served; `penchant keys add` makes one. A
    signal (Ctrl-C) stops it: answers under way are finished, and what waits is stored.

    Examples:

        penchant serve
        penchant serve --port 8080 --workers 4
        penchant serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem
        penchant serve --present log --set serve.rate=50
    """
    if (certificate is None) != (key is None):
        raise DataError("--tls-cert, --tls-key: one came without the other; expected both")
    for path in (certificate, key):
        if path is not None and not path.is_file():
            raise DataError(f"{path}: there is no such file; expected a PEM file")
    workspace = session.opened()
    config = session.settings()
    if present is not None:
        config = config.but(**{"serve.present": chosen("--present", present, ("now", "log"))})
    run = needed()
    from penchant.store.sql.keys import SqlKeys

    _must_be_free(host, port)
    how = run.Serving(host, port, workers, certificate, key, root_path)
    _note(session, config, how, bool(SqlKeys(workspace.database).list()))
    run.serve(session.workspace, config, how)


def _must_be_free(host: str, port: int) -> None:
    """Try to listen where the service will.

    Raises:
        DataError: something else listens there, or it is no place to listen at.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as place:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            place.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise DataError(
                f"--port: {port} of {host} is in use already; name another one, or end what "
                "listens there"
            ) from None
        raise DataError(
            f"--host, --port: nothing can listen at {host}, {port} ({error.strerror}); expected "
            "an address of this machine, and a port that is yours to use"
        ) from None


def needed() -> Any:
    """The service's code.

    Raises:
        MissingExtraError: the extra `serve` is not installed.
    """
    for name in ("fastapi", "prometheus_client", "uvicorn"):
        if find_spec(name) is None:
            raise MissingExtraError(
                f"{name}: the service needs it, and it is not installed. "
                "Run: pip install 'penchant[serve]'"
            )
    from penchant.serve import run

    return run


def _note(session: Session, config: "EngineConfig", how: Any, keys: bool) -> None:
    scheme = "http" if how.certificate is None else "https"
    session.out.note(f"serving {session.workspace} at {scheme}://{how.host}:{how.port}/v1")
    session.out.note(_who(config, how.host, keys))


def _who(config: "EngineConfig", host: str, keys: bool) -> str:
    if config.serve.auth == "off":
        return f"everybody who reaches {host} may do everything (serve.auth=off)"
    if config.serve.auth == "keys" or keys:
        return "who calls needs a key"
    return (
        "there are no keys: only this machine is served. `penchant keys add NAME --scope read` "
        "makes one"
    )
