"""Access tokens and refresh tokens."""

from tests.protections.protection import Protection

SIGNER = "src/lintel/security/_tokens.py"
AUTH = "app/services/auth.py"
SESSIONS = "app/services/sessions.py"
RENEWING = "app/services/session_tokens.py"

OF_SIGNER = "tests/lintel/security/test_tokens.py"
OF_TIMES = "tests/lintel/security/test_token_times.py"
OF_AUTH = "tests/app/services/test_auth.py"
OF_RENEWING = "tests/app/services/test_session_tokens.py"
OVER_HTTP = "tests/app/api/v1/test_sessions.py"

UNCHECKED = """import json, base64
            parts = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]
            decoded = jwt.Token(*parts)"""

PROTECTIONS = (
    Protection(
        name="Nobody makes up an access token: its signature is checked.",
        file=SIGNER,
        text="decoded = jwt.decode(token, self._key_of, algorithms=[self._keys.algorithm])",
        without=UNCHECKED,
        tests=(f"{OF_SIGNER}::TestVerify::test_refuses_one_in_which_a_part_was_replaced",),
    ),
    Protection(
        name="A token's header does not choose how it is verified: there is one algorithm.",
        file=SIGNER,
        text="self._key_of, algorithms=[self._keys.algorithm]",
        without='self._key_of, algorithms=["HS256", "HS384", "HS512", "ES256"]',
        tests=(f"{OF_SIGNER}::TestVerify::test_refuses_those_made_otherwise",),
    ),
    Protection(
        name="A token's header brings no key and no address of one.",
        file=SIGNER,
        text="if key is None or not HEADER.issuperset(header):",
        without="if key is None:",
        tests=(f"{OF_SIGNER}::TestVerify::test_refuses_what_else_a_header_can_say_though_it_is_signed_with_our_key",),
    ),
    Protection(
        name="A token that names a key is verified with that key or with none.",
        file="src/lintel/security/_keys.py",
        text="return self.by_id.get(key_id) if isinstance(key_id, str) else None",
        without="return self.by_id.get(key_id, self.current) if isinstance(key_id, str) else self.current",
        tests=("tests/lintel/security/test_keys.py::TestOfPrivateKey::test_finds_nothing_under_another_id",),
    ),
    Protection(
        name="An access token ends with its time, also one that was verified before.",
        file=SIGNER,
        text='if not claims["nbf"] - LEEWAY <= time.time() < claims["exp"]:',
        without='if not claims["nbf"] - LEEWAY <= time.time():',
        tests=(f"{OF_TIMES}::TestRemembering::test_the_clock_still_ends_a_token",),
    ),
    Protection(
        name="An access token of the future is not good yet.",
        file=SIGNER,
        text="LEEWAY = 60",
        without="LEEWAY = 10**9",
        tests=(f"{OF_TIMES}::TestClocks::test_one_that_is_far_ahead_cannot",),
    ),
    Protection(
        name="A token of another issuer with our key opens nothing.",
        file=SIGNER,
        text='iss={"essential": True, "value": issuer},',
        without='iss={"essential": True},',
        tests=(f"{OF_SIGNER}::TestVerify::test_refuses_a_claim_of_another_value",),
    ),
    Protection(
        name="A token for another audience opens nothing.",
        file=SIGNER,
        text='aud={"essential": True, "value": audience},',
        without='aud={"essential": True},',
        tests=(f"{OF_SIGNER}::TestVerify::test_refuses_a_claim_of_another_value",),
    ),
    Protection(
        name="A token that was made for another purpose opens nothing.",
        file=SIGNER,
        text='if decoded.header.get("typ") != self._kind or not isinstance',
        without="if not isinstance",
        tests=(f"{OF_SIGNER}::TestVerify::test_refuses_another_typ",),
    ),
    Protection(
        name="A token of a megabyte is not read.",
        file=SIGNER,
        text="if len(token) > MAX_LENGTH:",
        without="if False:",
        tests=(f"{OF_SIGNER}::TestVerify::test_reads_nothing_longer_than_ours_can_be",),
    ),
    Protection(
        name="An access token is worth nothing once its session has ended.",
        file=AUTH,
        text='if user["session_id"] is None:',
        without="if False:",
        tests=(f"{OVER_HTTP}::TestSessions::test_end_with_logging_out",),
    ),
    Protection(
        name="A token is not kept alive by somebody else's session.",
        file="app/repositories/users.py",
        text='(_sessions.user_id == _users.id) & is_live(bindparam("session_id"))',
        without='is_live(bindparam("session_id"))',
        tests=(f"{OF_AUTH}::TestAuthenticate::test_refuses_who_comes_with_the_session_of_somebody_else",),
    ),
    Protection(
        name="Who was deactivated gets in no more, whatever they hold.",
        file=AUTH,
        text='if user["status"] is not UserStatus.ACTIVE:',
        without="if False:",
        tests=(
            "tests/app/api/v1/test_users.py::TestEveryOperation::test_is_closed_to_who_was_deactivated_with_a_live_token",
        ),
    ),
    Protection(
        name="Who comes with a used refresh token ends the session: one of the two has stolen it.",
        file=SESSIONS,
        text="row.revoked_at = utc_now()",
        without="pass",
        tests=(f"{OVER_HTTP}::TestRefresh::test_ends_the_session_for_good_when_a_token_is_stolen",),
    ),
    Protection(
        name="The end of a stolen session is committed although the answer is 401.",
        file=SESSIONS,
        text="await AuditRepository(session).note(reused, by=ANONYMOUS, user_id=row.user_id, target=where)",
        without="raise RefreshTokenUsed",
        tests=(f"{OVER_HTTP}::TestRefresh::test_ends_the_session_for_good_when_a_token_is_stolen",),
    ),
    Protection(
        name="The grace for tabs that refresh together ends after seconds.",
        file=RENEWING,
        text=" and now - row.last_used_at < self._grace",
        without="",
        tests=(f"{OF_RENEWING}::TestRefresh::test_has_no_grace_where_none_is_set",),
    ),
    Protection(
        name="The grace is for the last refresh token alone, not for all before it.",
        file=RENEWING,
        text="return token.number == row.refresh_number - 1 and now",
        without="return now",
        tests=(f"{OF_RENEWING}::TestRefresh::test_ends_the_session_where_a_token_is_used_again",),
    ),
    Protection(
        name="Nobody makes up a refresh token to have somebody's session ended: it is sealed.",
        file=RENEWING,
        text="if not self._refresh.is_genuine(token, row.refresh_salt) or token.number",
        without="if token.number",
        tests=(f"{OF_RENEWING}::TestRefresh::test_ends_nothing_for_a_token_that_was_made_up",),
    ),
    Protection(
        name="A session that has ended is not renewed.",
        file=RENEWING,
        text="if row.revoked_at is not None or row.expires_at <= now:",
        without="if False:",
        tests=(f"{OF_RENEWING}::TestRefresh::test_ends_with_the_session",),
    ),
    Protection(
        name="No session is renewed for ever.",
        file=RENEWING,
        text="row.expires_at = min(now + self._idle, row.ends_at)",
        without="row.expires_at = now + self._idle",
        tests=(f"{OF_RENEWING}::TestRefresh::test_does_not_outlive_the_longest_that_a_session_may_last",),
    ),
    Protection(
        name="Who cannot use their account gets no new tokens either.",
        file=SESSIONS,
        text="elif user.status is not UserStatus.ACTIVE:",
        without="elif False:",
        tests=(f"{OF_RENEWING}::TestRefresh::test_refuses_an_account_that_cannot_be_used",),
    ),
)
