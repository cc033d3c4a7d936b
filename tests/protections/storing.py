"""What is kept: data, jobs, files."""

from tests.protections.protection import Protection

DATABASE = "src/lintel/db/_database.py"
ENGINES = "src/lintel/db/_engines.py"
IDEMPOTENCY = "src/lintel/idempotency/_keys.py"
LEASES = "src/lintel/jobs/_leases.py"
LINKS = "src/lintel/storage/_links.py"
FILE_ANSWER = "src/lintel/files/_answer.py"
RECEIVING = "src/lintel/files/_receiving.py"
CSV = "src/lintel/files/_csv.py"

OF_DATABASE = "tests/lintel/db/test_database.py"
OF_ENGINES = "tests/lintel/db/test_engines.py"
OF_LEASES = "tests/lintel/jobs/test_leases.py"
OF_LINKS = "tests/lintel/storage/test_links.py"
OF_FILES = "tests/lintel/files/test_router.py"
OF_CSV = "tests/lintel/files/test_csv.py"
OF_RECEIVING = "tests/lintel/files/test_receiving.py"

PROTECTIONS = (
    Protection(
        name="Nothing is answered before it is committed: a COMMIT that is refused is an error.",
        file=DATABASE,
        text="                    raise CommitUnknown from error\n                raise\n",
        without="                    raise CommitUnknown from error\n",
        tests=(f"{OF_DATABASE}::TestCommit::test_that_is_refused_is_an_error_and_not_a_result",),
    ),
    Protection(
        name="What was undone is not told as done.",
        file=DATABASE,
        text="                await session.commit()\n",
        without="                await session.rollback()\n",
        tests=(f"{OF_DATABASE}::TestRun::test_has_committed_when_it_returns",),
    ),
    Protection(
        name="A statement without end is ended.",
        file=ENGINES,
        text="return time.monotonic() > self._end",
        without="return False",
        tests=(
            "tests/lintel/db/test_timeouts.py::TestStatementTimeout::test_ends_a_statement_that_would_end_too_late",
        ),
    ),
    Protection(
        name="What reads cannot write.",
        file=ENGINES,
        text='_execute(connection, "PRAGMA query_only=ON")',
        without="pass",
        tests=(f"{OF_DATABASE}::TestRead::test_refuses_to_write",),
    ),
    Protection(
        name="Two units that read and then write lose nothing: the first holds the lock from its beginning.",
        file=ENGINES,
        text='connection.exec_driver_sql("BEGIN IMMEDIATE")',
        without='connection.exec_driver_sql("BEGIN")',
        tests=(f"{OF_ENGINES}::TestSqlite::test_a_unit_holds_the_write_lock_from_its_beginning",),
    ),
    Protection(
        name="An idempotency key that comes with another request is refused.",
        file=IDEMPOTENCY,
        text="if not hmac.compare_digest(found.fingerprint, fingerprint):",
        without="if False:",
        tests=("tests/app/api/v1/test_analyses.py::TestIdempotencyKey::test_is_refused_with_another_body",),
    ),
    Protection(
        name="What is searched for is text, and no pattern.",
        file="src/lintel/db/_search.py",
        text='value = value.replace(sign, f"{ESCAPE}{sign}")',
        without="pass",
        tests=("tests/app/api/v1/test_users.py::TestListUsers::test_searches_literally",),
    ),
    Protection(
        name="A worker that was taken for dead writes nothing: every write names its token.",
        file=LEASES,
        text='jobs.lease_token == given["token"], ',
        without="",
        tests=(
            f"{OF_LEASES}::TestGuard::test_lets_nobody_write_whose_lease_is_gone",
            f"{OF_LEASES}::TestComplete::test_is_refused_once_the_lease_is_gone",
        ),
    ),
    Protection(
        name="A job that is held is nobody else's until its lease is over.",
        file=LEASES,
        text="self._jobs.c.status == IN_PROCESSING, self._jobs.c.lease_until < self._clock.now",
        without="self._jobs.c.status == IN_PROCESSING",
        tests=(f"{OF_LEASES}::TestRecovery::test_leaves_what_is_still_held",),
    ),
    Protection(
        name="A job that kills each of its workers is not tried for ever.",
        file=LEASES,
        text="is_poison = and_(jobs.cancel_requested.is_(False), jobs.attempts >= jobs.max_attempts)",
        without="is_poison = and_(jobs.cancel_requested.is_(False), jobs.attempts < 0)",
        tests=(f"{OF_LEASES}::TestRecovery::test_ends_a_job_that_kills_each_worker",),
    ),
    Protection(
        name="What a job failed of is told in words that may be shown.",
        file="src/lintel/jobs/_errors.py",
        text="return UNEXPECTED, UNEXPECTED_MESSAGE",
        without="return UNEXPECTED, str(error)",
        tests=("tests/lintel/jobs/test_worker.py::TestFailure::test_ends_the_job_when_no_attempt_is_left",),
    ),
    Protection(
        name="A job that takes too long is stopped.",
        file="src/lintel/jobs/_execution.py",
        text="limit = asyncio.timeout(self.claimed.timeout_seconds)",
        without="limit = asyncio.timeout(None)",
        tests=("tests/lintel/jobs/test_worker.py::TestTimeout::test_stops_the_handler",),
    ),
    Protection(
        name="No key of a file leads out of the storage.",
        file="src/lintel/storage/_keys.py",
        text='r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}"',
        without='r"[A-Za-z0-9._-]{1,128}"',
        tests=(
            (
                "tests/lintel/storage/test_keys.py::TestKeyParts::"
                "test_what_could_lead_elsewhere_is_refused_and_not_repeated"
            ),
        ),
    ),
    Protection(
        name="No symbolic link in the storage leads elsewhere.",
        file="src/lintel/storage/_folders.py",
        text="READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW |",
        without="READ_FLAGS = os.O_RDONLY |",
        tests=("tests/lintel/storage/test_folder.py::TestLinks::test_a_symbolic_link_leads_nowhere",),
    ),
    Protection(
        name="A link to a file that was changed or made up opens nothing.",
        file=LINKS,
        text="if not any(hmac.compare_digest(_signature(key, link).encode(), given) for key in self._keys):",
        without="if False:",
        tests=(
            f"{OF_LINKS}::TestVerify::test_one_that_was_changed_is_refused",
            f"{OF_FILES}::TestRefused::test_a_link_that_was_changed",
        ),
    ),
    Protection(
        name="A link to a file ends with its time.",
        file=LINKS,
        text="if link.expires < self._clock():",
        without="if False:",
        tests=(f"{OF_LINKS}::TestVerify::test_one_that_is_out_of_date_is_refused",),
    ),
    Protection(
        name="A file that somebody sent runs nothing in our origin.",
        file=FILE_ANSWER,
        text='        "Content-Security-Policy": SANDBOX,\n',
        without="",
        tests=(f"{OF_FILES}::TestWhole::test_is_sent_with_what_the_link_says_and_nothing_that_runs",),
    ),
    Protection(
        name="Only what runs no scripts is shown in place.",
        file="src/lintel/storage/_disposition.py",
        text='kind = disposition if is_showable(content_type) else "attachment"',
        without="kind = disposition",
        tests=("tests/lintel/storage/test_disposition.py::TestHeader::test_everything_else_is_saved",),
    ),
    Protection(
        name="A text of somebody is no formula in a spreadsheet.",
        file=CSV,
        text='return f"\'{inner}" if _FIRST.match(inner) else inner',
        without="return inner",
        tests=(f"{OF_CSV}::TestHarmless::test_has_an_apostrophe_before_what_a_formula_begins_with",),
    ),
    Protection(
        name="A text of somebody is no formula either where another separator is expected.",
        file=CSV,
        text="""inner = _BEHIND_SPACE.sub(r"\\1'", _INNER.sub(r"\\1'", text))""",
        without="inner = text",
        tests=(f"{OF_CSV}::TestHarmless::test_has_an_apostrophe_before_what_a_formula_begins_with",),
    ),
    Protection(
        name="A file that was spoilt on its way is not kept.",
        file=RECEIVING,
        text="        said.check()\n",
        without="",
        tests=(f"{OF_RECEIVING}::TestDigest::test_that_does_not_fit_is_refused",),
    ),
)
