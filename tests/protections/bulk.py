"""Many items in one request: none does what it could not do alone."""

from tests.protections.protection import Protection

EACH = "src/lintel/db/_each.py"
BULK = "src/lintel/api/_bulk.py"
USERS = "app/services/bulk_users.py"

OF_EACH = "tests/lintel/db/test_each.py"
OF_BULK = "tests/lintel/api/test_bulk.py"
OF_USERS = "tests/app/services/test_bulk_users.py"
USERS_OVER_HTTP = "tests/app/api/v1/test_bulk_users.py"
ANALYSES_OVER_HTTP = "tests/app/api/v1/test_bulk_analyses.py"

PROTECTIONS = (
    Protection(
        name="An item that fails leaves nothing behind.",
        file=EACH,
        text="        async with session.begin_nested():\n            return await work(item)",
        without="        return await work(item)",
        tests=(f"{OF_EACH}::TestEachWithin::test_a_row_that_failed_to_change_is_as_it_was_for_the_next",),
    ),
    Protection(
        name="A fault of the service is not told as one of an item: nothing of the request is kept.",
        file=EACH,
        text="    except ITEMS_OWN as error:",
        without="    except ServiceError as error:",
        tests=(f"{OF_EACH}::TestEachWithin::test_what_is_about_all_undoes_all",),
    ),
    Protection(
        name="All or nothing is not a part.",
        file=BULK,
        text="    if atomic and failed:",
        without="    if False:",
        tests=(
            f"{USERS_OVER_HTTP}::TestDelete::test_all_or_nothing_deletes_none",
            f"{ANALYSES_OVER_HTTP}::TestDelete::test_all_or_nothing_deletes_none",
        ),
    ),
    Protection(
        name="Nothing is changed twice in one request.",
        file=BULK,
        text="        if _has_twice([item.id for item in self.items if not isinstance(item, ServiceError)]):",
        without="        if False:",
        tests=(f"{OF_BULK}::TestBulkUpdate::test_changes_nothing_twice",),
    ),
    Protection(
        name="A request deletes so many only.",
        file=BULK,
        text="    if len(found) > MAX_BULK:",
        without="    if False:",
        tests=(f"{USERS_OVER_HTTP}::TestDelete::test_takes_so_many",),
    ),
    Protection(
        name="A request has so many passwords hashed only.",
        file="app/schemas/users.py",
        text="        Field(min_length=1, max_length=MAX_MADE, ",
        without="        Field(min_length=1, ",
        tests=(f"{USERS_OVER_HTTP}::TestCreate::test_takes_some_and_not_too_many",),
    ),
    Protection(
        name="A request has so much text read only.",
        file="app/schemas/analyses.py",
        text="isinstance(item, AnalysisCreate)) > MAX_TOGETHER:",
        without="isinstance(item, AnalysisCreate)) < 0:",
        tests=(f"{ANALYSES_OVER_HTTP}::TestCreate::test_takes_so_many_characters_together",),
    ),
    Protection(
        name="An item that names a version changes no other.",
        file=USERS,
        text=", expected=item.expected)",
        without=")",
        tests=(f"{USERS_OVER_HTTP}::TestUpdate::test_an_item_that_names_a_version_changes_no_other",),
    ),
    Protection(
        name="Every process hears of each account that changes with others.",
        file=USERS,
        text="            await self._users.tell(user_id, event)",
        without="            pass",
        tests=(
            f"{OF_USERS}::TestUpdateUsers::test_everybody_who_was_changed_hears_of_it",
            f"{OF_USERS}::TestDeleteUsers::test_everybody_who_was_deleted_hears_of_it",
        ),
    ),
    Protection(
        name="Nobody deletes somebody else's analyses among their own.",
        file="app/repositories/analyses.py",
        text='    .where(_analyses.id.in_(bindparam("analysis_ids", expanding=True)), *visible(Analysis))\n',
        without='    .where(_analyses.id.in_(bindparam("analysis_ids", expanding=True)))\n',
        tests=(f"{ANALYSES_OVER_HTTP}::TestDelete::test_answers_item_by_item_in_their_order",),
    ),
)
