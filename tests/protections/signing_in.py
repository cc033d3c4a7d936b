"""Signing in, passwords, and what is sent by mail."""

from tests.protections.protection import Protection

SESSIONS = "app/services/sessions.py"
THROTTLES = "app/services/throttles.py"
HASHER = "src/lintel/security/_passwords.py"
CHOSEN = "app/schemas/passwords.py"
REPLACING = "app/services/passwords.py"
ONE_TIME = "app/repositories/one_time_tokens.py"

OF_LOGIN = "tests/app/services/test_sessions.py::TestLogin"
OF_THROTTLES = "tests/app/services/test_throttles.py::TestGuessing"
OF_HASHER = "tests/lintel/security/test_passwords.py"
OF_CHOSEN = "tests/app/api/v1/test_passwords.py::TestChosen"
OF_REPLACING = "tests/app/services/test_passwords.py"
OF_ONE_TIME = "tests/app/services/test_one_time_tokens.py"

PROTECTIONS = (
    Protection(
        name="The time that signing in takes does not tell who has an account.",
        file=SESSIONS,
        text='await self._passwords.verify(password, user["hashed_password"] if user else None)',
        without='await self._passwords.verify(password, user["hashed_password"]) if user else (False, None)',
        tests=(f"{OF_LOGIN}::test_takes_as_long_for_an_unknown_address",),
    ),
    Protection(
        name="A failure costs a hash of each kind that is stored, whoever is meant.",
        file=HASHER,
        text="for nobodys, of_kind in tuple(self._costs.items()):",
        without="for nobodys, of_kind in ():",
        tests=(f"{OF_HASHER}::TestCostOfFailing::test_is_one_hash_of_the_scheme_where_all_are_of_it",),
    ),
    Protection(
        name="Attempts to sign in are counted at all.",
        file=SESSIONS,
        text="await self._throttle.admit(form.username, client.address)",
        without="pass",
        tests=("tests/acceptance/test_guessing.py::TestAccount::test_no_header_is_another_network",),
    ),
    Protection(
        name="One network tries no more accounts than its share.",
        file=THROTTLES,
        text="await self.by_network.admit(network)",
        without="pass",
        tests=(f"{OF_THROTTLES}::test_many_accounts_from_one_network",),
    ),
    Protection(
        name="One network guesses at one account a few times only.",
        file=THROTTLES,
        text="await self.by_pair.admit(account, network)",
        without="pass",
        tests=(f"{OF_THROTTLES}::test_one_account_from_one_network",),
    ),
    Protection(
        name="An account that is tried from everywhere is guarded more strictly.",
        file=THROTTLES,
        text="if await self.by_account.refusal(account) is not None:",
        without="if False:",
        tests=(f"{OF_THROTTLES}::test_one_account_from_everywhere",),
    ),
    Protection(
        name="Where attempts cannot be counted, none can be made.",
        file="src/lintel/ratelimit/_throttle.py",
        text="fail_closed=True",
        without="fail_closed=False",
        tests=("tests/lintel/ratelimit/test_throttle.py::TestOutage::test_nothing_can_be_tried",),
    ),
    Protection(
        name="The current password is not guessed in a stolen session.",
        file=REPLACING,
        text="await self._throttle.guesses.admit(*who)",
        without="pass",
        tests=(
            (
                "tests/acceptance/test_guessing.py::TestPassword::"
                "test_the_current_one_is_not_guessed_in_a_stolen_session"
            ),
        ),
    ),
    Protection(
        name="The right password of an account that is not active opens nothing.",
        file=SESSIONS,
        text='if user["status"] is not UserStatus.ACTIVE:',
        without="if False:",
        tests=("tests/app/api/v1/test_auth.py::TestLogin::test_refuses_an_account_that_is_not_active",),
    ),
    Protection(
        name="Signing in does not tell who has registered an address: who did not verify it is a stranger.",
        file=SESSIONS,
        text="if user is None or not right or self._is_awaited(user):",
        without="if user is None or not right:",
        tests=("tests/app/api/v1/test_auth.py::TestLogin::test_does_not_tell_that_an_address_waits_to_be_verified",),
    ),
    Protection(
        name="Who knew a password that was changed while they signed in does not get in.",
        file=SESSIONS,
        text='if found is None or (found.hashed_password, found.status) != (user["hashed_password"], user["status"]):',
        without="if found is None:",
        tests=(f"{OF_LOGIN}::test_refuses_who_knew_the_password_that_was_changed_a_moment_ago",),
    ),
    Protection(
        name="Weak hashes of former days are replaced as their owners sign in.",
        file=SESSIONS,
        text="if better is not None:",
        without="if False:",
        tests=(f"{OF_LOGIN}::test_stores_a_better_hash_where_the_stored_one_is_out_of_date",),
    ),
    Protection(
        name="Passwords have three classes of characters.",
        file=CHOSEN,
        text="check_password_classes(value.get_secret_value())",
        without="pass",
        tests=("tests/app/schemas/test_users.py::TestPassword::test_names_each_class_that_is_missing",),
    ),
    Protection(
        name="A password that everybody tries first is refused.",
        file=CHOSEN,
        text="check_password_uncommon(value.get_secret_value())",
        without="pass",
        tests=(f"{OF_CHOSEN}::test_a_common_one_is_refused_and_not_repeated",),
    ),
    Protection(
        name="No password is made of what others know of its owner.",
        file="app/core/policies.py",
        text="if is_made_of(password, [self.service, *filter(None, names)]):",
        without="if False:",
        tests=(
            (
                "tests/app/core/test_policies.py::TestCheckPassword::"
                "test_refuses_what_others_know_of_the_user_and_the_service"
            ),
        ),
    ),
    Protection(
        name="A password of a megabyte is not hashed when somebody signs in with it.",
        file=CHOSEN,
        text="GivenPassword = Annotated[SecretStr, BeforeValidator(_in_one_form), Field(max_length=MAX_LENGTH)]",
        without="GivenPassword = Annotated[SecretStr, BeforeValidator(_in_one_form), Field(max_length=10**9)]",
        tests=(f"{OF_CHOSEN}::test_an_enormous_one_is_refused_before_it_is_hashed",),
    ),
    Protection(
        name="Hashes do not wait in a queue without end.",
        file="src/lintel/security/_threads.py",
        text="if self._asked >= self._most:",
        without="if False:",
        tests=(f"{OF_HASHER}::TestLoad::test_too_many_who_wait_are_sent_away_until_there_is_room",),
    ),
    Protection(
        name="Other requests do not wait while a password is hashed.",
        file=HASHER,
        text='return await self._threads.run(self._verify, _read(password), stored or "")',
        without='return self._verify(_read(password), stored or "")',
        tests=(f"{OF_HASHER}::TestLoad::test_other_requests_go_on_meanwhile",),
    ),
    Protection(
        name="With a new password all sessions of who knew the former end.",
        file=REPLACING,
        text="await SessionRepository(session).end_all(user.id, but=but)",
        without="pass",
        tests=(f"{OF_REPLACING}::TestReset::test_ends_every_session_and_what_was_known_before",),
    ),
    Protection(
        name="Only who knows the current password chooses another.",
        file=REPLACING,
        text="if not right:",
        without="if False:",
        tests=(f"{OF_REPLACING}::TestChange::test_needs_the_current_password",),
    ),
    Protection(
        name="A token from a mail is good once.",
        file=ONE_TIME,
        text="_TAKE = delete(OneTimeToken).where(*_GOOD, "
        '_tokens.user_id == bindparam("of_user")).returning(_tokens.new_email)',
        without='_TAKE = select(_tokens.new_email).where(*_GOOD, _tokens.user_id == bindparam("of_user"))',
        tests=(f"{OF_ONE_TIME}::TestUse::test_works_once_however_many_come_at_once",),
    ),
    Protection(
        name="A token for one purpose is not good for another.",
        file=ONE_TIME,
        text='    _tokens.purpose == bindparam("purpose"),\n',
        without="",
        tests=(f"{OF_ONE_TIME}::TestUse::test_is_for_its_purpose",),
    ),
    Protection(
        name="A token from a mail ends with its time.",
        file=ONE_TIME,
        text='    _tokens.expires_at > bindparam("now"),\n',
        without="",
        tests=(f"{OF_ONE_TIME}::TestUse::test_is_for_its_owner_and_in_time",),
    ),
    Protection(
        name="A token from a mail is its owner's alone.",
        file=ONE_TIME,
        text='.where(*_GOOD, _tokens.user_id == bindparam("of_user"))',
        without=".where(*_GOOD)",
        tests=(f"{OF_ONE_TIME}::TestUse::test_is_for_its_owner_and_in_time",),
    ),
    Protection(
        name="Who reads the database can use none of the tokens in it.",
        file="src/lintel/security/_one_time.py",
        text='return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()',
        without="return token[:64]",
        tests=(f"{OF_ONE_TIME}::TestMake::test_keeps_nothing_that_could_be_shown",),
    ),
)
