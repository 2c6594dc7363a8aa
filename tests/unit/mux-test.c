/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/mux-case.h"

/* clang-format off */
static void
each_client_has_a_monitor_of_its_own(void **state)
{
    static const char *const steps[] = {
        "A+", /* before QEMU */
        "Q> " MUX_CASE_GREETING,
        "A< " MUX_CASE_GREETING,
        "Q< {\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": [\"oob\"]}, \"id\": 1}",
        "Q> {\"return\": {}, \"id\": 1}",
        "A> {\"execute\":\"query-status\",\"id\":7}",
        "A< {\"id\": 7, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"Expecting "
        "capabilities negotiation with 'qmp_capabilities'\"}}",
        "A> {\"execute\":\"qmp_capabilities\",\"id\":\"x\"}",
        "A< {\"return\": {}, \"id\": \"x\"}",
        "A> {\"execute\":\"query-status\",\"id\":7}",
        "Q< {\"execute\":\"query-status\",\"id\":2}",
        "Q> {\"return\": {\"running\": true}, \"id\": 2}",
        "A< {\"return\": {\"running\": true}, \"id\": 7}",
        MUX_CASE_CLIENT("B"),
        "B> {\"execute\":\"query-name\"}",
        "Q< {\"execute\":\"query-name\", \"id\": 3}",
        "Q> {\"id\": 3, \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}",
        "B< {\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}",
        "Q> {\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\"}",
        "e! STOP",
        "A< {\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\"}",
        "B< {\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\"}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

static void
the_owner_decides_in_the_order_of_the_client(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"),
        "A>> {'execute':'query-name'}{'execute':'qblk-a','id':1}{'execute':'query-status','id':2}",
        "Q< {'execute':'query-name', \"id\": 2}",
        "Q> {\"return\": {}, \"id\": 2}",
        "A< {\"return\": {}}",
        "A? qblk-a",
        "A! return {}",
        "A< {\"return\": {}, \"id\": 1}",
        "Q< {'execute':'query-status','id':3}",
        "Q> {\"return\": 5, \"id\": 3}",
        "A< {\"return\": 5, \"id\": 2}",
        "A> {'execute':'block-commit', 'arguments': {'device': 'vda[2]', 'top': 'b'}, 'id': 1}",
        "A? block-commit",
        "A!",
        "Q< {'execute':'block-commit', 'arguments': {'device': \"n\\\"2\", 'top': 'b'}, 'id': 4}",
        "Q> {\"return\": {}, \"id\": 4}",
        "A< {\"return\": {}, \"id\": 1}",
        "c! block-commit",
        NULL,
    };
    mux_case_run(NULL, steps);
}

static void
commands_that_may_change_something_are_held(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"),
        "A> {'execute':'stop'}",
        "Q< {'execute':'stop', \"id\": 2}",
        "h+",
        "A> {'execute':'cont'}",
        "Q> {\"return\": {}, \"id\": 2}",
        "A< {\"return\": {}}",
        "c! stop",
        "h!",
        "h-",
        "Q< {'execute':'cont', \"id\": 3}",
        "h+",
        "Q> {\"return\": {}, \"id\": 3}",
        "A< {\"return\": {}}",
        "c! cont",
        "h!",
        NULL,
    };
    mux_case_run(NULL, steps);
}
/* clang-format on */

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_client_has_a_monitor_of_its_own),
        cmocka_unit_test(the_owner_decides_in_the_order_of_the_client),
        cmocka_unit_test(commands_that_may_change_something_are_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
