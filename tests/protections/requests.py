"""What is asked of us, what we ask of others, and what is said about either."""

from tests.protections.protection import Protection

STACK = "src/lintel/middleware/_stack.py"
STRICT = "src/lintel/middleware/_strict_http.py"
JSON = "src/lintel/routing/_json.py"
TALLY = "src/lintel/ratelimit/_tally.py"
HANDLERS = "src/lintel/errors/_handlers.py"
GROUPS = "src/lintel/settings/_groups.py"
SECURITY = "src/lintel/settings/_security.py"
DESTINATIONS = "src/lintel/outgoing/_destinations.py"
NETWORK = "src/lintel/outgoing/_network.py"
REDIRECTS = "src/lintel/outgoing/_redirects.py"
ANSWER = "src/lintel/outgoing/_answer.py"
CLIENT = "src/lintel/outgoing/_client.py"
RENDERING = "src/lintel/observability/_rendering.py"

OF_TRANSPORT = "tests/acceptance/test_transport.py"
OF_STRICT = "tests/lintel/middleware/test_strict_http.py"
OF_ROUTES = "tests/lintel/routing/test_strict.py"
OF_INPUT = "tests/acceptance/test_input.py"
OF_ERRORS = "tests/acceptance/test_errors.py"
OF_HANDLERS = "tests/lintel/errors/test_handlers.py"
OF_GROUPS = "tests/lintel/settings/test_groups.py"
OF_NETWORK = "tests/lintel/outgoing/test_network.py"
OF_REDIRECTS = "tests/lintel/outgoing/test_redirects.py"
OF_CLIENT = "tests/lintel/outgoing/test_client.py"
OF_LOGGING = "tests/lintel/observability/test_logging.py"

PROTECTIONS = (
    Protection(
        name="Requests for hosts that are not ours are refused.",
        file=STACK,
        text="app = TrustedHostMiddleware(app, allowed_hosts=settings.trusted_hosts)",
        without="pass",
        tests=(f"{OF_TRANSPORT}::TestHost::test_a_host_that_is_not_ours_is_refused_and_never_repeated",),
    ),
    Protection(
        name="A request with two hosts is refused: a proxy may take the other one.",
        file="src/lintel/middleware/_trusted_host.py",
        text='if [*map(_name, scope["headers"])].count(HOST) != 1:',
        without="if HOST not in request_headers(scope):",
        tests=(f"{OF_TRANSPORT}::TestHost::test_no_host_or_two_are_refused",),
    ),
    Protection(
        name="A body is counted while it is read, whatever length was told.",
        file="src/lintel/middleware/_request_body.py",
        text="RequestBodyLimitMiddleware(app, max_body_size=max_bytes)",
        without="app",
        tests=(
            f"{OF_TRANSPORT}::TestBodyLimit::test_a_declared_length_over_the_limit_is_refused_unread",
            f"{OF_TRANSPORT}::TestBodyLimit::test_a_body_is_cut_off_at_the_limit",
        ),
    ),
    Protection(
        name="A body that comes byte by byte is not waited for.",
        file="src/lintel/middleware/_body_timeout.py",
        text="receive = _Body(receive, self.seconds).receive",
        without="pass",
        tests=("tests/lintel/middleware/test_body_timeout.py::TestLate::test_is_408_and_the_end_of_the_connection",),
    ),
    Protection(
        name="Fields that nobody declared are refused.",
        file="src/lintel/api/_models.py",
        text='neither they nor booleans are made of others."""\n\n    model_config = ConfigDict(extra="forbid", ',
        without='neither they nor booleans are made of others."""\n\n    model_config = ConfigDict(extra="ignore", ',
        tests=(f"{OF_INPUT}::TestShape::test_no_body_takes_an_unknown_field",),
    ),
    Protection(
        name="Query parameters that nobody declared are refused.",
        file="src/lintel/routing/_params.py",
        text='errors.append(_error("query", name, "Unknown query parameter", "extra_forbidden"))',
        without="pass",
        tests=(f"{OF_ROUTES}::TestQuery::test_refuses_unknown_parameters",),
    ),
    Protection(
        name="A name twice in a body has two meanings, and is refused.",
        file=JSON,
        text="if len(made) != len(pairs):",
        without="if False:",
        tests=(f"{OF_ROUTES}::TestJson::test_has_no_name_twice_at_any_depth",),
    ),
    Protection(
        name="A body is nested so deep only.",
        file=JSON,
        text='if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deeper(self._json, MAX_DEPTH):',
        without="if False:",
        tests=(f"{OF_ROUTES}::TestDepth::test_is_bounded",),
    ),
    Protection(
        name="The NUL character, which PostgreSQL cannot store, is refused where text is taken as it comes.",
        file="src/lintel/api/_text.py",
        text='if "\\0" in value:',
        without="if False:",
        tests=(f"{OF_INPUT}::TestText::test_a_login_with_nul_is_refused",),
    ),
    Protection(
        name="No text holds control characters.",
        file="src/lintel/api/_text.py",
        text="    if _CONTROL.search(value):\n",
        without="    if False:\n",
        tests=(f"{OF_INPUT}::TestText::test_no_field_stores_text_that_a_database_cannot",),
    ),
    Protection(
        name="An address has a greatest length.",
        file=STRICT,
        text="if len(address) > self.max_url_bytes:",
        without="if False:",
        tests=(f"{OF_STRICT}::TestSizes::test_a_path_and_query_may_be_as_long_as_allowed_together",),
    ),
    Protection(
        name="Headers have a greatest size together.",
        file=STRICT,
        text="if len(headers) > MAX_HEADERS or sum(map(len, chain.from_iterable(headers))) > self.max_header_bytes:",
        without="if len(headers) > MAX_HEADERS:",
        tests=(f"{OF_STRICT}::TestSizes::test_names_and_values_of_all_headers_count",),
    ),
    Protection(
        name="There are so many headers only.",
        file=STRICT,
        text="if len(headers) > MAX_HEADERS or sum(map(len, chain.from_iterable(headers))) > self.max_header_bytes:",
        without="if sum(map(len, chain.from_iterable(headers))) > self.max_header_bytes:",
        tests=(f"{OF_STRICT}::TestSizes::test_there_may_be_a_hundred",),
    ),
    Protection(
        name="A request with two lengths smuggles no second one.",
        file=STRICT,
        text="if CHUNKED in headers and find_header(headers, LENGTH) is not None:",
        without="if False:",
        tests=(f"{OF_STRICT}::TestLengthOfTheBody::test_is_said_in_one_way",),
    ),
    Protection(
        name="No path means one thing to a proxy and another to us: it has no encoded slash.",
        file=STRICT,
        text='return NotFound() if b"%2f" in path.lower() or _CONTROL.search(decoded) else None',
        without="return NotFound() if _CONTROL.search(decoded) else None",
        tests=(f"{OF_STRICT}::TestAddress::test_has_no_encoded_slash_in_its_path",),
    ),
    Protection(
        name="Nobody asks for more than their share.",
        file=TALLY,
        text="        if names:\n",
        without="        if False:\n",
        tests=(
            (
                "tests/lintel/middleware/test_rate_limit.py::TestRefusal::"
                "test_is_a_429_of_our_shape_and_the_application_hears_nothing"
            ),
        ),
    ),
    Protection(
        name="Nobody has more texts read than their share, however few requests they come in.",
        file="app/api/deps.py",
        text="    await charge(request.scope, len(new.texts) - 1, of=TEXTS)\n",
        without="",
        tests=("tests/acceptance/test_rate_limit.py::TestCosts::test_a_batch_counts_for_each_of_its_texts",),
    ),
    Protection(
        name="Nobody gets around what a route costs by a slash at the end.",
        file="src/lintel/ratelimit/_costs.py",
        text='.removesuffix("/")',
        without="",
        tests=(
            (
                "tests/lintel/ratelimit/test_costs.py::TestTable::"
                "test_knows_what_a_route_declares_in_every_spelling_that_is_answered"
            ),
        ),
    ),
    Protection(
        name="A policy that is used up holds whatever else a request counts under.",
        file="src/lintel/ratelimit/_script.py",
        text="admitted = admitted and allowed",
        without="admitted = true",
        tests=("tests/lintel/ratelimit/test_redis.py::TestServer::test_a_refusal_by_one_policy_holds_beside_others",),
    ),
    Protection(
        name="Who is staff no longer has no more requests than others.",
        file="app/services/auth.py",
        text="self._staff.pop(user_id, None)  # until they are let in",
        without="pass",
        tests=("tests/acceptance/test_rate_limit.py::TestKinds::test_who_is_staff_no_longer_has_no_more",),
    ),
    Protection(
        name="A household's network of IPv6 is one caller, not as many as it has addresses.",
        file="src/lintel/ratelimit/_clients.py",
        text="IPV6_PREFIX = 64",
        without="IPV6_PREFIX = 128",
        tests=("tests/acceptance/test_rate_limit.py::TestShare::test_a_network_of_one_household_is_one_caller",),
    ),
    Protection(
        name="Nobody forges an address: forwarded ones are believed of named proxies only.",
        file="src/lintel/server.py",
        text=(
            "proxy_headers=bool(settings.forwarded_allow_ips),\n"
            "        forwarded_allow_ips=list(settings.forwarded_allow_ips),"
        ),
        without='proxy_headers=True,\n        forwarded_allow_ips="*",',
        tests=("tests/lintel/test_server.py::TestServe::test_believes_forwarded_addresses_of_named_proxies_only",),
    ),
    Protection(
        name="A deployed service does not start where everybody is a trusted proxy.",
        file=GROUPS,
        text="if EVERYBODY & set(value) and deployed(info):",
        without="if False:",
        tests=(f"{OF_GROUPS}::TestHttpSettings::test_everybody_is_refused_where_deployed",),
    ),
    Protection(
        name="A secret that is short is refused.",
        file=SECURITY,
        text="if len(text) < MIN_SECRET_LENGTH:",
        without="if False:",
        tests=(
            "tests/lintel/settings/test_security.py::TestSecuritySettings::test_a_secret_has_at_least_32_characters",
        ),
    ),
    Protection(
        name="A deployed service does not start with the secret of an example.",
        file=SECURITY,
        text="any(word in text.lower() for word in PLACEHOLDERS)",
        without="False",
        tests=(
            (
                "tests/lintel/settings/test_security.py::TestSecuritySettings::"
                "test_a_placeholder_is_refused_where_deployed"
            ),
        ),
    ),
    Protection(
        name="Settings are shown without their secrets.",
        file="src/lintel/settings/_describe.py",
        text="return MASK",
        without="return value.get_secret_value()",
        tests=("tests/lintel/settings/test_describe.py::TestSecrets::test_are_masked",),
    ),
    Protection(
        name="A faulty setting is named without its value.",
        file="src/lintel/settings/_load.py",
        text="include_context=False, include_input=False):\n",
        without="include_context=False, include_input=True):\n        item['msg'] += str(item['input'])\n",
        tests=("tests/lintel/settings/test_load.py::TestSettingsError::test_shows_no_value",),
    ),
    Protection(
        name="Logs and errors hold no values that were sent to the database.",
        file="src/lintel/db/_engines.py",
        text='"hide_parameters": not settings.debug,',
        without='"hide_parameters": False,',
        tests=("tests/lintel/db/test_engines.py::TestErrors::test_do_not_repeat_what_was_sent",),
    ),
    Protection(
        name="The access log has no query string, which may hold a ticket.",
        file="src/lintel/middleware/_access_log.py",
        text='path = raw.decode("ascii", "backslashreplace") if raw is not None else ascii(scope["path"])[1:-1]',
        without="path = f\"{scope['path']}?{scope['query_string'].decode()}\"",
        tests=("tests/lintel/middleware/test_layers.py::TestAccessLog::test_a_request_is_one_record",),
    ),
    Protection(
        name="Uvicorn writes no tickets into the log either.",
        file="src/lintel/observability/_logging.py",
        text="return not str(record.msg).startswith(NOT_OURS)",
        without="return True",
        tests=(f"{OF_LOGGING}::TestJson::test_uvicorn_does_not_speak_of_upgrades_and_handshakes",),
    ),
    Protection(
        name="A request id of the sender's forges no line of the log.",
        file="src/lintel/context.py",
        text="if candidate is not None and _ACCEPTABLE.fullmatch(candidate):",
        without="if candidate is not None:",
        tests=(f"{OF_ERRORS}::TestLogInjection::test_a_harmful_request_id_is_replaced",),
    ),
    Protection(
        name="A line break in a value begins no record of its own.",
        file=RENDERING,
        text="return value.translate(_CONTROLS)",
        without="return value",
        tests=(f"{OF_LOGGING}::TestText::test_breaks_are_escaped_whoever_wrote_them",),
    ),
    Protection(
        name="An error's text stays in the log: the answer says nothing of it.",
        file=HANDLERS,
        text="return problem_of(error if isinstance(error, ServiceError) else ServiceError(), path)",
        without="return problem_of(error if isinstance(error, ServiceError) else ServiceError(str(error)), path)",
        tests=(f"{OF_ERRORS}::TestUnexpected::test_is_a_500_that_says_nothing_and_one_stack_in_the_log",),
    ),
    Protection(
        name="A refusal does not repeat what was sent.",
        file=HANDLERS,
        text="if message.startswith(BAD_EMAIL):",
        without="if False:",
        tests=(f"{OF_INPUT}::TestEcho::test_no_address_that_is_refused_is_repeated",),
    ),
    Protection(
        name="A hostile name of a field is not repeated.",
        file=HANDLERS,
        text='f"/{part}" if _NAME.fullmatch(str(part)) else "/?" for part in location',
        without='f"/{part}" for part in location',
        tests=(f"{OF_HANDLERS}::TestValidation::test_a_hostile_name_is_not_repeated",),
    ),
    Protection(
        name="Calls to others reach no inner address.",
        file=DESTINATIONS,
        text="if port in WEB_PORTS and is_public(address):",
        without="if port in WEB_PORTS:",
        tests=(f"{OF_NETWORK}::TestAddresses::test_a_name_that_leads_inside_is_refused",),
    ),
    Protection(
        name="A name that leads inside is found out when it is looked up, also where a redirect leads to it.",
        file=NETWORK,
        text="self._destinations.check_addresses(host, port, addresses)",
        without="pass",
        tests=(
            f"{OF_NETWORK}::TestAddresses::test_a_name_that_leads_inside_is_refused",
            f"{OF_REDIRECTS}::TestAsked::test_each_is_judged",
        ),
    ),
    Protection(
        name="A name server has no second answer: the address that was judged is called.",
        file=NETWORK,
        text="await self._network.connect_tcp(str(address), port, left, local_address, socket_options)",
        without="await self._network.connect_tcp(host, port, left, local_address, socket_options)",
        tests=(f"{OF_NETWORK}::TestAddresses::test_the_address_that_was_judged_is_the_one_that_is_called",),
    ),
    Protection(
        name="No redirect leads from https to http.",
        file=REDIRECTS,
        text='raise OutgoingRefused("redirect to http")',
        without="pass",
        tests=(f"{OF_REDIRECTS}::TestAsked::test_never_from_https_to_http",),
    ),
    Protection(
        name="Credentials stay with the origin that they were meant for.",
        file=REDIRECTS,
        text="if _origin(request.url) != _origin(url):",
        without="if False:",
        tests=(f"{OF_REDIRECTS}::TestAsked::test_credentials_stay_with_their_origin",),
    ),
    Protection(
        name="An answer that says it is long is not read.",
        file=ANSWER,
        text="if told.isdecimal() and int(told) > self._max_bytes:",
        without="if False:",
        tests=(f"{OF_CLIENT}::TestSizes::test_a_long_answer_is_not_read",),
    ),
    Protection(
        name="An answer without end is cut off.",
        file=ANSWER,
        text="if self.received > self._max_bytes:",
        without="if False:",
        tests=(f"{OF_CLIENT}::TestSizes::test_an_endless_one_is_cut_off",),
    ),
    Protection(
        name="A few bytes do not become a thousand times as many: nothing is unpacked.",
        file=ANSWER,
        text="self._check_coding()",
        without="pass",
        tests=(f"{OF_CLIENT}::TestSizes::test_what_is_compressed_is_not_unpacked",),
    ),
    Protection(
        name="A call has a deadline, however steadily the other side drips.",
        file=CLIENT,
        text="deadline = asyncio.timeout(self._limits.total if seconds is None else seconds)",
        without="deadline = asyncio.timeout(None)",
        tests=(f"{OF_CLIENT}::TestDeadlines::test_drop_by_drop",),
    ),
)
