"""API keys, permissions and ownership."""

from tests.protections.protection import Protection

KEYS = "app/services/api_keys.py"
KEYS_STORED = "app/repositories/api_keys.py"
CALLERS = "app/api/callers.py"
USERS = "app/services/users.py"
VISIBILITY = "app/repositories/visibility.py"

OF_KEYS = "tests/app/services/test_api_keys.py"
KEYS_OVER_HTTP = "tests/app/api/v1/test_api_keys.py"
OF_PERMISSIONS = "tests/acceptance/test_permissions.py"
USERS_OVER_HTTP = "tests/app/api/v1/test_users.py"
SOMEBODY_ELSES = "tests/acceptance/test_authorisation.py::TestSomebodyElses"

PROTECTIONS = (
    Protection(
        name="Who saw the beginning of an API key has no key: the whole of it is compared.",
        file=KEYS,
        text='if not parts.is_hashed_as(None if found is None else found["hash"]) or found is None:',
        without="if found is None:",
        tests=(f"{OF_KEYS}::TestAuthenticate::test_knows_nothing_of_a_key_that_only_begins_like_one",),
    ),
    Protection(
        name="A key does what it is for and nothing else that its owner may.",
        file=KEYS,
        text='ROLE_PERMISSIONS[row["role"]] & set(row["scopes"])',
        without='ROLE_PERMISSIONS[row["role"]]',
        tests=(f"{OF_KEYS}::TestAuthenticate::test_lets_the_owner_in_with_what_the_key_is_for",),
    ),
    Protection(
        name="A key does nothing that its owner may no longer do.",
        file=KEYS,
        text='ROLE_PERMISSIONS[row["role"]] & set(row["scopes"])',
        without='frozenset(row["scopes"])',
        tests=(f"{OF_KEYS}::TestAuthenticate::test_loses_at_once_what_the_owner_loses",),
    ),
    Protection(
        name="A key ends with its time.",
        file=KEYS_STORED,
        text='or_(_keys.expires_at.is_(None), _keys.expires_at > bindparam("now")),',
        without="",
        tests=(f"{OF_KEYS}::TestAuthenticate::test_ends_with_its_time",),
    ),
    Protection(
        name="A key that was revoked opens nothing.",
        file=KEYS_STORED,
        text='_keys.prefix == bindparam("prefix"),\n        _keys.revoked_at.is_(None),',
        without='_keys.prefix == bindparam("prefix"),',
        tests=(f"{KEYS_OVER_HTTP}::TestRevoke::test_ends_the_key_at_once",),
    ),
    Protection(
        name="The keys of who was suspended open nothing.",
        file=KEYS,
        text='if found["status"] is not UserStatus.ACTIVE:',
        without="if False:",
        tests=(f"{OF_KEYS}::TestAuthenticate::test_is_worth_nothing_while_the_owner_is_suspended",),
    ),
    Protection(
        name="Nobody makes a key for what they may not do themselves.",
        file=KEYS,
        text="_check_scopes(owner, new)",
        without="pass",
        tests=(f"{OF_KEYS}::TestCreateKey::test_gives_nobody_what_they_may_not_do",),
    ),
    Protection(
        name="Who reads the database has nobody's key: a hash is kept.",
        file="src/lintel/security/_api_keys.py",
        text="hashlib.sha256(text.encode()).hexdigest()",
        without="text[-64:]",
        tests=(f"{OF_KEYS}::TestCreateKey::test_keeps_nothing_that_opens_anything",),
    ),
    Protection(
        name="A request with two credentials is nobody's.",
        file=CALLERS,
        text='if "authorization" in request.headers:',
        without="if False:",
        tests=(f"{KEYS_OVER_HTTP}::TestRefused::test_beside_any_other_credentials",),
    ),
    Protection(
        name="What is too grave for a key takes a session (SignedIn).",
        file=CALLERS,
        text="await _owner_of(key, request)\n    raise SessionRequired",
        without="return (await _owner_of(key, request)).principal",
        tests=(f"{OF_PERMISSIONS}::TestKeys::test_are_not_enough_where_a_session_is_needed",),
    ),
    Protection(
        name="A route that takes a permission is closed to who lacks it (Requires).",
        file=CALLERS,
        text="self.check(me)",
        without="pass",
        tests=(f"{OF_PERMISSIONS}::TestEveryRoute::test_is_closed_to_roles_that_lack_it",),
    ),
    Protection(
        name="A stream that takes a permission is closed to who lacks it (RequiresToFollow).",
        file=CALLERS,
        text="self.check(access.principal)",
        without="pass",
        tests=("tests/app/api/test_callers.py::TestRequiresToFollow::test_is_closed_to_who_lacks_the_permission",),
    ),
    Protection(
        name="What belongs to somebody else is not there, for readers and writers alike.",
        file=VISIBILITY,
        text="conditions.append(columns.owner_id == bindparam(PRINCIPAL_ID))",
        without="conditions.append(columns.owner_id == columns.owner_id)",
        tests=(f"{SOMEBODY_ELSES}::test_every_route_with_an_id_answers_404_to_others_and_changes_nothing",),
    ),
    Protection(
        name="Lists and their totals hold what is one's own.",
        file=VISIBILITY,
        text='if "owner_id" in columns:',
        without="if False:",
        tests=(f"{SOMEBODY_ELSES}::test_lists_and_totals_count_only_ones_own",),
    ),
    Protection(
        name="Who has left is not shown any more.",
        file=VISIBILITY,
        text="conditions.append(columns.deleted_at.is_(None))",
        without="pass",
        tests=(f"{USERS_OVER_HTTP}::TestListUsers::test_does_not_show_who_left",),
    ),
    Protection(
        name="Somebody else's account looks like nobody's to who may not read it.",
        file="app/services/cached_users.py",
        text="        else:\n            return None\n",
        without='        else:\n            key = CacheKey.personal("users.any", principal, user_id)\n',
        tests=(f"{SOMEBODY_ELSES}::test_reading_somebody_and_reading_nobody_look_alike",),
    ),
    Protection(
        name="Nobody ends somebody else's session.",
        file="app/repositories/sessions.py",
        text="live = (_sessions.id == session_id, _sessions.user_id == principal.id, *_LIVE)",
        without="live = (_sessions.id == session_id, *_LIVE)",
        tests=("tests/app/services/test_sessions.py::TestSessions::test_are_ended_by_their_owner_alone",),
    ),
    Protection(
        name="The last administrator stays.",
        file=USERS,
        text="if not stays and await users.lock_active_admins() == [user_id]:",
        without="if False:",
        tests=(f"{USERS_OVER_HTTP}::TestUpdateUser::test_keeps_the_last_administrator",),
    ),
    Protection(
        name="One administrator stays also when two of them take each other's role at the same moment.",
        file="app/repositories/users.py",
        text="            .order_by(User.id)\n            .with_for_update()\n",
        without="            .order_by(User.id)\n",
        tests=(
            "tests/app/services/test_users.py::TestLastAdmin::test_is_left_when_two_leave_at_the_same_time[postgresql-demote-demote]",
        ),
    ),
    Protection(
        name="With another role or status all sessions end.",
        file=USERS,
        text="        if differ & {*STANDING}:\n",
        without="        if False:\n",
        tests=("tests/app/services/test_session_tokens.py::TestRefresh::test_ends_with_what_somebody_was",),
    ),
    Protection(
        name="No route is open by accident: the service does not start with one.",
        file="src/lintel/application.py",
        text="check_routes_guarded(app, public=[*public_routes, *_own_public_routes(settings)], "
        "authenticators=authenticators)",
        without="pass",
        tests=("tests/lintel/test_application.py::TestGuard::test_a_route_that_is_open_by_accident_stops_the_start",),
    ),
    Protection(
        name="A route with one public method is not public with another.",
        file="src/lintel/routing/_guard.py",
        text='return name.startswith(entry[:-1]) if entry.endswith("*") else name == entry',
        without='return name.endswith(entry.partition(" ")[2])',
        tests=("tests/lintel/routing/test_guard.py::TestCheck::test_one_method_listed_does_not_open_another",),
    ),
)
