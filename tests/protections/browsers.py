"""What browsers are told and believed: pages, cookies, origins, WebSockets."""

from tests.protections.protection import Protection

PAGES = "src/lintel/security/_pages.py"
COOKIE = "src/lintel/security/_session_cookie.py"
COOKIE_SESSIONS = "src/lintel/security/_cookie_sessions.py"
SOCKETS = "src/lintel/realtime/_sockets.py"
CONNECTION = "src/lintel/realtime/_connection.py"
TICKETS = "app/repositories/tickets.py"
HEADERS = "src/lintel/middleware/_security_headers.py"

OF_PAGES = "tests/lintel/security/test_pages.py"
OF_COOKIES = "tests/acceptance/test_cookies.py"
OF_SOCKETS = "tests/lintel/realtime/test_sockets.py"
OF_REALTIME = "tests/app/services/test_realtime.py"
OF_HEADERS = "tests/acceptance/test_errors.py::TestHeaders"
OF_BROWSERS = "tests/acceptance/test_browsers.py"

PROTECTIONS = (
    Protection(
        name="Another site's page changes nothing with a visitor's cookie: Sec-Fetch-Site is believed.",
        file=PAGES,
        text="sites[0] in OURS if sites else",
        without="True if sites else",
        tests=(
            f"{OF_PAGES}::test_others_are_refused",
            f"{OF_COOKIES}::TestForged::test_a_write_of_another_page_is_refused",
        ),
    ),
    Protection(
        name="Of older browsers the Origin is believed.",
        file=PAGES,
        text="_is_here(origins[0], connection)",
        without="True",
        tests=(
            f"{OF_PAGES}::test_others_are_refused",
            f"{OF_COOKIES}::TestForged::test_a_write_of_another_page_is_refused",
        ),
    ),
    Protection(
        name="A write of which nothing says where it comes from is refused.",
        file=PAGES,
        text="    if len(sites) > 1 or len(origins) > 1 or not (sites or origins):\n",
        without="    if not (sites or origins):\n        return\n    if len(sites) > 1 or len(origins) > 1:\n",
        tests=(f"{OF_PAGES}::test_others_are_refused",),
    ),
    Protection(
        name="A page without an origin is trusted by nobody, even if null is listed.",
        file=PAGES,
        text=' and origins[0] != "null"',
        without="",
        tests=(f"{OF_PAGES}::test_nobody_trusts_a_page_without_an_origin",),
    ),
    Protection(
        name="A form without the token of its session changes nothing.",
        file=COOKIE_SESSIONS,
        text="await self._check_token(connection, session)",
        without="pass",
        tests=(f"{OF_COOKIES}::TestForged::test_a_page_of_ours_without_its_token",),
    ),
    Protection(
        name="The token of a form is good for its session alone.",
        file="src/lintel/security/_form_tokens.py",
        text="return hmac.digest(key, session.encode(), hashlib.sha256)",
        without='return hmac.digest(key, b"", hashlib.sha256)',
        tests=("tests/lintel/security/test_form_tokens.py::test_a_token_is_good_for_its_session",),
    ),
    Protection(
        name="No neighbouring host sets our cookie: its name begins with __Host-.",
        file=COOKIE,
        text='NAME = "__Host-session"',
        without='NAME = "session"',
        tests=(f"{OF_COOKIES}::TestFlags::test_are_all_there",),
    ),
    Protection(
        name="The cookie is sent over TLS only, to no script, and with no other site's forms.",
        file=COOKIE,
        text='max_age=self._max_age, path="/", secure=True, httponly=True, samesite="lax")',
        without='max_age=self._max_age, path="/", samesite="none")',
        tests=(f"{OF_COOKIES}::TestFlags::test_are_all_there",),
    ),
    Protection(
        name="Who learns a session's id from a log cannot make its cookie: it is signed.",
        file=COOKIE,
        text="return session if is_ours else None",
        without="return session",
        tests=(f"{OF_COOKIES}::TestFixation::test_an_id_that_is_not_signed_is_nobodys",),
    ),
    Protection(
        name="Who gave a session to a browser is not signed in along with it.",
        file=COOKIE_SESSIONS,
        text="await self._store.end(before)",
        without="pass",
        tests=(f"{OF_COOKIES}::TestFixation::test_signing_in_begins_a_new_session_and_ends_the_one_before",),
    ),
    Protection(
        name="A ticket opens one WebSocket.",
        file=TICKETS,
        text=(
            "    delete(Ticket)\n"
            '    .where(_tickets.hash == bindparam("hash"), _tickets.expires_at > bindparam("now"))\n'
            "    .returning(_tickets.user_id, _tickets.session_id, _tickets.access_expires_at)\n"
        ),
        without=(
            "    Ticket.__table__.select()\n"
            '    .where(_tickets.hash == bindparam("hash"), _tickets.expires_at > bindparam("now"))\n'
            "    .with_only_columns(_tickets.user_id, _tickets.session_id, _tickets.access_expires_at)\n"
        ),
        tests=(f"{OF_REALTIME}::TestTicket::test_opens_once_as_whoever_asked_for_it",),
    ),
    Protection(
        name="A ticket is good for seconds.",
        file=TICKETS,
        text='.where(_tickets.hash == bindparam("hash"), _tickets.expires_at > bindparam("now"))',
        without='.where(_tickets.hash == bindparam("hash"))',
        tests=(f"{OF_REALTIME}::TestTicket::test_is_good_no_more_when_its_time_is_over",),
    ),
    Protection(
        name="Another site's page opens no WebSocket of a visitor.",
        file="app/api/sockets.py",
        text="check_origin(socket, socket.app.state.settings.cors_origins)",
        without="pass",
        tests=("tests/process/test_sockets.py::TestOpening::test_from_a_foreign_page_is_refused",),
    ),
    Protection(
        name="Which origins may open a WebSocket is decided by host and list.",
        file="src/lintel/realtime/_handshake.py",
        text='not ("*" in allowed or origins[0] in allowed or _is_here(origins[0], socket))',
        without="False",
        tests=("tests/lintel/realtime/test_handshake.py::TestOrigin::test_others_may_not",),
    ),
    Protection(
        name="Nobody hears a channel of somebody else.",
        file="app/services/realtime.py",
        text="return job_id is not None and await self._jobs.get(principal, job_id) is not None",
        without="return True",
        tests=(
            f"{OF_REALTIME}::TestChannels::test_of_users_their_own",
            f"{OF_REALTIME}::TestChannels::test_of_jobs_their_owners_and_administrators",
        ),
    ),
    Protection(
        name="A channel that is asked for later is judged as well.",
        file=CONNECTION,
        text="if not await may_hear(channel):",
        without="if False:",
        tests=("tests/process/test_sockets.py::TestTalking::test_what_is_wrong_is_said_and_the_connection_stays",),
    ),
    Protection(
        name="One user has a few WebSockets only.",
        file=SOCKETS,
        text="if len(self._connections.of_user(access.principal.id)) >= self._limits.max_per_user:",
        without="if False:",
        tests=(f"{OF_SOCKETS}::TestServe::test_those_who_may_not_are_closed",),
    ),
    Protection(
        name="One process has so many WebSockets only.",
        file=SOCKETS,
        text="if len(self) >= self._limits.max_connections:",
        without="if False:",
        tests=(f"{OF_SOCKETS}::TestServe::test_those_who_may_not_are_closed",),
    ),
    Protection(
        name="One WebSocket hears so many channels only.",
        file=CONNECTION,
        text="if len(self.channels) >= MAX_CHANNELS and channel not in self.channels:",
        without="if False:",
        tests=(f"{OF_SOCKETS}::TestCommands::test_channels_are_bounded",),
    ),
    Protection(
        name="A message of a client has a largest size, under any server.",
        file=CONNECTION,
        text="elif len(text.encode()) > self._limits.max_message_bytes:",
        without="elif False:",
        tests=(f"{OF_SOCKETS}::TestCommands::test_a_large_one_closes_under_any_server",),
    ),
    Protection(
        name="Who floods a WebSocket with messages is cut off.",
        file=CONNECTION,
        text="elif not self._allowance.take():",
        without="elif False:",
        tests=(f"{OF_SOCKETS}::TestCommands::test_too_many_at_once_close",),
    ),
    Protection(
        name="With the account or session its WebSockets end.",
        file=SOCKETS,
        text='_end(invalid, CloseCode.UNAUTHENTICATED, "the account or session is no longer what it was")',
        without="pass",
        tests=(f"{OF_SOCKETS}::TestWatch::test_news_of_a_user_have_only_them_looked_at",),
    ),
    Protection(
        name="A WebSocket ends with the token that opened it.",
        file=SOCKETS,
        text="_end(expired, CloseCode.UNAUTHENTICATED, EXPIRED)",
        without="pass",
        tests=(f"{OF_SOCKETS}::TestWatch::test_a_token_that_expires_closes",),
    ),
    Protection(
        name="Every process hears when somebody's account changes.",
        file="app/services/users.py",
        text='await self._pubsub.publish(user_channel(user_id), {"event": event})',
        without="pass",
        tests=(f"{OF_REALTIME}::TestNews::test_of_every_change_of_an_account",),
    ),
    Protection(
        name="Browsers are told to trust answers as little as possible.",
        file=HEADERS,
        text="add_missing(headers, defaults)",
        without="pass",
        tests=(f"{OF_HEADERS}::test_every_answer_distrusts_the_browser",),
    ),
    Protection(
        name="What is personal is stored by nobody on the way.",
        file=HEADERS,
        text="defaults = [*defaults, NOT_STORED]",
        without="pass",
        tests=(f"{OF_HEADERS}::test_what_is_personal_is_not_stored",),
    ),
    Protection(
        name="Pages of origins that are not listed read nothing.",
        file="src/lintel/middleware/_cors.py",
        text='if not self.is_allowed_origin(origin.decode("latin-1")):',
        without="if False:",
        tests=(f"{OF_BROWSERS}::TestOtherOrigins::test_read_nothing",),
    ),
    Protection(
        name="Any origin never goes with credentials.",
        file="src/lintel/settings/_groups.py",
        text='return value and "*" not in info.data.get("cors_origins", ())',
        without="return value",
        tests=(
            "tests/lintel/settings/test_groups.py::TestHttpSettings::test_every_origin_never_goes_with_credentials",
        ),
    ),
)
