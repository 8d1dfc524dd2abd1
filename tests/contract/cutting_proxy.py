"""A door to a PostgreSQL server that slams: it hands on what it is waiting to see, and keeps the answer to itself."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class CuttingProxy:
    """Hands bytes on between clients and a server on 127.0.0.1, until ``cut_at`` goes by.

    Then the server gets those bytes and does what they say, and the client never hears of it.
    """

    def __init__(self, server_port: int) -> None:
        self.cut_at: bytes | None = None
        self.cuts = 0
        self._server = "127.0.0.1", server_port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Let nobody in any more; returns when all clients are gone."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection(self._server)
                serving = threading.Thread(target=self._hand_on, args=(client, server))
                serving.start()
                self._threads.append(serving)

    def _hand_on(self, client: socket.socket, server: socket.socket) -> None:
        answers = threading.Thread(target=self._answers, args=(client, server))
        answers.start()
        with suppress(OSError):
            while data := client.recv(65536):
                if self.cut_at is not None and self.cut_at in data:
                    self.cut_at, self.cuts = None, self.cuts + 1
                    client.shutdown(socket.SHUT_RDWR)
                server.sendall(data)
        # The server reads what it was sent before it sees that nobody is there, and so does it.
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)
        answers.join()
        client.close()
        server.close()

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                with suppress(OSError):
                    client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
