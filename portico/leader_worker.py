"""The gunicorn worker whose threads stay with the connections that they answer, for as long as the next requests come at once."""

import select
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from gunicorn.http.body import LengthReader
from gunicorn.workers.gthread import ThreadWorker

from portico.at_hand import RELIEVED_AFTER_S, WAITS_S, AtHand, Lead
from portico.client_connection import MILLISECONDS
from portico.turn_note import NOTE, TurnNote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

AT_HAND = object()  # what became of a connection that is at hand


class LeaderWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's thread worker, with threads that stay.

    The stock worker hands a connection back to its main thread after each answer, which then finds a thread for the next
    request: a fifth of what a small answer takes. Here the thread waits for the next request itself.

    Where answers are best made one after another (their requests take turns, see portico/turn_note.py), one thread does so for all
    connections (portico/at_hand.py): none is woken for a request, and none takes the interpreter from another. If an answer takes it
    long, the main thread lets another thread lead, while the first finishes that answer.
    """

    alive: bool
    wsgi: "WSGIApplication"
    tpool: "ThreadPoolExecutor"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._staying = threading.Semaphore((self.cfg.threads - 1) // 2)  # beside the leader
        self._may_lead = self.cfg.threads > 1  # the only thread has to be free for whoever is new
        self._own = threading.local()

    def init_process(self) -> None:
        """Begin, in the process of the worker."""
        self._at_hand = AtHand()
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application, and let it note which turn each request takes."""
        super().load_wsgi()
        application = self.wsgi

        def noted(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
            environ[NOTE] = self._own.turn
            return application(environ, start_response)

        self.wsgi = noted

    def handle(self, conn: Any) -> Any:
        """Answer what a connection asks, and what it asks next, if that comes at once and nobody else waits for a thread."""
        while (handled := self._handled(conn, turn := TurnNote())) is True and self.alive and _is_read_up(conn):
            if self._may_lead and turn.asked is not None:
                self._at_hand.add(conn)
                if self._goes_on():
                    self._lead()
                else:
                    self._call_leader()
                return AT_HAND
            if not self._asks_again(conn):
                break
        return handled

    def finish_request(self, conn: Any, done: "Future[Any]") -> None:
        """Look after a connection that no thread has any more, as the main thread."""
        if done.cancelled() or done.exception() or done.result() is not AT_HAND:
            super().finish_request(conn, done)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait as the main thread, not longer than a leader may take for an answer while somebody waits for it."""
        super().wait_for_and_dispatch_events(min(timeout, RELIEVED_AFTER_S) if self._at_hand else timeout)
        self._hand_back(self._at_hand.relieve())
        self._call_leader()

    def _handled(self, conn: Any, turn: TurnNote) -> Any:
        self._own.turn = turn
        return super().handle(conn)

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """Whether the connection can be used again; one whose request was read to its end needs not be asked for more.

        The stock worker sets a limit of time to the socket and takes it away, twice, to find nothing.
        """
        body = conn.parser.mesg.body
        if keepalive and isinstance(body.reader, LengthReader) and not body.reader.length and not body.failed:
            conn.parser.mesg = None
            return True
        return bool(super()._keepalive_after(conn, keepalive))

    def _goes_on(self) -> bool:
        """Whether the worker takes more, and nobody waits for a thread."""
        return self.alive and self.tpool._work_queue.empty()

    def _asks_again(self, conn: Any) -> bool:
        """Wait for the next request for a moment; half of the threads never do, so that somebody new finds one."""
        if not self._goes_on() or not self._staying.acquire(blocking=False):
            return False
        try:
            waiting = select.poll()
            waiting.register(conn.sock, select.POLLIN)
            return bool(waiting.poll(WAITS_S * MILLISECONDS)) and self._goes_on()
        finally:
            self._staying.release()

    def _call_leader(self) -> None:
        """Let a thread lead as soon as it has time, if none does: whoever waits for a thread comes first.

        The main thread hears when it has ended, as it does of every other work: it may have left a connection at hand.
        """
        if self._at_hand.call():
            try:
                self.tpool.submit(self._come)
            except RuntimeError:  # no thread more can be started, and one that is there will come; or the process ends
                self.log.exception("no thread for the connections at hand")

    def _come(self) -> None:
        self._at_hand.come()
        try:
            self._lead()
        finally:
            self.method_queue.defer(bool)

    def _lead(self) -> None:
        """Answer the connections at hand for as long as they ask, unless another thread does.

        One may be put there just as the lead ends.
        """
        gives_way = False
        try:
            while not gives_way and (lead := self._at_hand.lead()):
                try:
                    gives_way = self._answer_who_asks(lead)
                finally:
                    self._hand_back(self._at_hand.end(lead, leaves_all=gives_way))
        except Exception:  # not of a connection: by now, each is at hand or handed back
            self.log.exception("the lead of the connections at hand has ended")
        self._call_leader()

    def _answer_who_asks(self, lead: Lead) -> bool:
        """Answer until nobody asks any more, or another thread leads; return True once somebody waits for a thread."""
        while self.alive and (asking := self._at_hand.wait(lead, at_once=not self._goes_on())):
            for conn in asking:
                if not self._at_hand.take(lead, conn):
                    return False
                self._answer(conn, lead.turn)
                if not self._goes_on():
                    return self.alive
            if idle := self._at_hand.take_idle(lead):
                self._hand_back([idle])
        return self.alive and not self._goes_on()

    def _answer(self, conn: Any, turn: TurnNote) -> None:
        """Answer a connection that was at hand, and put it there again if it may ask more."""
        try:
            outcome = self._handled(conn, turn)
            if outcome is True and turn.asked is not None and _is_read_up(conn):
                self._at_hand.add(conn)
                return
        except BaseException as error:
            outcome = error
        self._hand_back([conn], outcome)

    def _hand_back(self, conns: "Sequence[Any]", outcome: Any = True) -> None:
        """Hand connections to the main thread, with what became of their last request."""
        for conn in conns:
            done: Future[Any] = Future()
            if isinstance(outcome, BaseException):
                done.set_exception(outcome)
            else:
                done.set_result(outcome)
            self.method_queue.defer(self.finish_request, conn, done)


def _is_read_up(conn: Any) -> bool:
    """Whether nothing of the next request was read already: nobody would hear that it is there."""
    return not conn.parser.unreader.buf.getvalue()
