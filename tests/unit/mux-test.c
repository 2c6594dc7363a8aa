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

/* ---- ids and errors ---- */

static void
ids_come_back_as_they_were(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"),
        "A> {'execute':'x','id':{'a': [1,\n2]}}",
        "Q< {'execute':'x','id':2}",
        "Q> {\"id\": 2, \"error\": {\"class\": \"C\", \"desc\": \"d\"}}",
        "A< {\"id\": {\"a\": [1,2]}, \"error\": {\"class\": \"C\", \"desc\": \"d\"}}",
        "c! x",
        "A> {'execute':'query-x','id':null}",
        "Q< {'execute':'query-x','id':3}",
        "Q> {\"return\": {\"id\": 3}, \"id\": 3}",
        "A< {\"return\": {\"id\": 3}, \"id\": null}",
        "A> {'id':123456789012345678901234567890.5,'execute':'query-x'}",
        "Q< {'id':4,'execute':'query-x'}",
        "Q> {\"return\": [], \"id\": 4}",
        "A< {\"return\": [], \"id\": 123456789012345678901234567890.5}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

static void
errors_are_answered_in_the_order_of_commands(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"),
        "A> {'execute':'query-x','id':1} foo {'id':2} {'execute':'query-y'",
        "Q< {'execute':'query-x','id':2}",
        "A> }",
        "Q> {\"return\": 1, \"id\": 2}",
        "A< {\"return\": 1, \"id\": 1}",
        "A< {\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error, invalid "
        "keyword 'foo'\"}}",
        "A< {\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"QMP input lacks "
        "member 'execute'\"}}",
        "Q< {'execute':'query-y', \"id\": 3\n}",
        "Q> {\"return\": 2, \"id\": 3}",
        "A< {\"return\": 2}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

static void
a_pretty_monitor_stays_pretty(void **state)
{
    static const char greeting[] = "{\r\n    \"QMP\": {\r\n        \"capabilities\": [\r\n        ]"
                                   "\r\n    }\r\n}";
    g_autofree char *sent = g_strconcat("Q> ", greeting, NULL);
    g_autofree char *got = g_strconcat("A< ", greeting, NULL);
    const char *const steps[] = {
        sent,
        "Q< {\"execute\": \"qmp_capabilities\", \"id\": 1}",
        "Q> {\r\n    \"return\": {\r\n    },\r\n    \"id\": 1\r\n}",
        "A+",
        got,
        "A> {'execute':'x'}",
        "A< {\r\n    \"error\": {\r\n        \"class\": \"CommandNotFound\",\r\n        \"desc\": "
        "\"Expecting capabilities negotiation with 'qmp_capabilities'\"\r\n    }\r\n}",
        "A> {'execute':'qmp_capabilities','id':5}",
        "A< {\r\n    \"return\": {\r\n    },\r\n    \"id\": 5\r\n}",
        "A> {'execute':'query-commands'}",
        "Q< {'execute':'query-commands', \"id\": 2}",
        "Q> {\r\n    \"return\": [\r\n    ],\r\n    \"id\": 2\r\n}",
        "A< {\r\n    \"return\": [\r\n        {\r\n            \"name\": \"qblk-a\"\r\n        },"
        "\r\n        {\r\n            \"name\": \"qblk-b\"\r\n        }\r\n    ]\r\n}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

/* ---- negotiation ---- */

static void
qemu_itself_refuses_a_negotiation_that_is_not_plain(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        "A+",
        "A< " MUX_CASE_GREETING,
        "A> {'execute':'qmp_capabilities','arguments':{'enable':['foo']},'id':9}",
        "Q< {'execute':'qmp_capabilities','arguments':{'enable':['foo']},'id':2}",
        "Q> {\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"Invalid parameter "
        "'foo'\"}}",
        "A< {\"id\": 9, \"error\": {\"class\": \"GenericError\", \"desc\": \"Invalid parameter "
        "'foo'\"}}",
        "A> {'execute':'query-x'}",
        "A< {\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"Expecting capabilities "
        "negotiation with 'qmp_capabilities'\"}}",
        "A> {'execute':'qmp_capabilities','arguments':{'enable':[]}}",
        "A< {\"return\": {}}",
        "A> {'execute':'qmp_capabilities'}",
        "Q< {'execute':'qmp_capabilities', \"id\": 3}",
        "Q> {\"id\": 3, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"Capabilities "
        "negotiation is already complete, command ignored\"}}",
        "A< {\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"Capabilities negotiation is "
        "already complete, command ignored\"}}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

static void
a_command_out_of_band_overtakes_others(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        "A+",
        "A< " MUX_CASE_GREETING,
        "A> {'execute':'qmp_capabilities','arguments':{'enable':['oob']}}",
        "A< {\"return\": {}}",
        "A>> {'execute':'query-a','id':1}{'execute':'query-b','id':2}{'execute':'query-c','id':3}",
        "Q< {'execute':'query-a','id':2}",
        "Q< {'execute':'query-b','id':3}",
        "A> {'exec-oob':'yank','id':4}",
        "Q< {'exec-oob':'yank','id':4}",
        "Q> {\"return\": {}, \"id\": 4}",
        "A< {\"return\": {}, \"id\": 4}",
        "Q> {\"return\": {}, \"id\": 2}",
        "A< {\"return\": {}, \"id\": 1}",
        "Q< {'execute':'query-c','id':5}",
        "A> {'exec-oob':'qblk-a'}",
        "A< {\"error\": {\"class\": \"GenericError\", \"desc\": \"The command qblk-a does not "
        "support OOB\"}}",
        MUX_CASE_CLIENT("B"),
        "B> {'exec-oob':'yank','id':4}",
        "B< {\"id\": 4, \"error\": {\"class\": \"GenericError\", \"desc\": \"QMP input member "
        "'exec-oob' is unexpected\"}}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

static void
events_reach_only_clients_that_have_negotiated(void **state)
{
    static const char *const steps[] = {
        "A+",
        "Q> {\"event\": \"EARLY\"}", /* of an earlier connection, as QEMU 7.2 sends them */
        "e! EARLY",
        "Q> {\"return\": {}, \"id\": 77}",
        "Q> " MUX_CASE_GREETING,
        "A< " MUX_CASE_GREETING,
        "Q< {\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": [\"oob\"]}, \"id\": 1}",
        "Q> {\"event\": \"NEXT\"}",
        "e! NEXT",
        "Q> {\"return\": {}, \"id\": 5}",
        "Q> {\"error\": {\"class\": \"C\", \"desc\": \"of another\"}}",
        "Q> {\"return\": {}, \"id\": 1}",
        MUX_CASE_CLIENT("B"),
        "Q> {\"event\": \"LAST\"}",
        "e! LAST",
        "B< {\"event\": \"LAST\"}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

/* ---- turns ---- */

static void
clients_take_turns(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"),
        MUX_CASE_CLIENT("B"),
        MUX_CASE_CLIENT("C"),
        "A>> {'execute':'query-1'}{'execute':'query-2'}{'execute':'query-3'}{'execute':'query-4'}",
        "Q< {'execute':'query-1', \"id\": 2}",
        "Q< {'execute':'query-2', \"id\": 3}",
        "B>> {'execute':'query-5'}{'execute':'query-6'}{'execute':'query-7'}",
        "Q< {'execute':'query-5', \"id\": 4}",
        "Q< {'execute':'query-6', \"id\": 5}",
        "C>> {'execute':'query-8'}",
        "Q< {'execute':'query-8', \"id\": 6}",
        "Q> {\"return\": 1, \"id\": 2}",
        "A< {\"return\": 1}",
        "Q< {'execute':'query-3', \"id\": 7}",
        "Q> {\"return\": 2, \"id\": 3}",
        "A< {\"return\": 2}",
        "Q< {'execute':'query-4', \"id\": 8}",
        "Q> {\"return\": 5, \"id\": 4}",
        "B< {\"return\": 5}",
        "Q< {'execute':'query-7', \"id\": 9}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

static void
at_most_eight_commands_are_in_flight(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"), MUX_CASE_CLIENT("B"), MUX_CASE_CLIENT("C"),
        MUX_CASE_CLIENT("D"), MUX_CASE_CLIENT("E"),
        "A>> {'execute':'query-1'}{'execute':'query-2'}",
        "Q< {'execute':'query-1', \"id\": 2}", "Q< {'execute':'query-2', \"id\": 3}",
        "B>> {'execute':'query-1'}{'execute':'query-2'}",
        "Q< {'execute':'query-1', \"id\": 4}", "Q< {'execute':'query-2', \"id\": 5}",
        "C>> {'execute':'query-1'}{'execute':'query-2'}",
        "Q< {'execute':'query-1', \"id\": 6}", "Q< {'execute':'query-2', \"id\": 7}",
        "D>> {'execute':'query-1'}{'execute':'query-2'}{'execute':'query-d'}",
        "Q< {'execute':'query-1', \"id\": 8}", "Q< {'execute':'query-2', \"id\": 9}",
        "E>> {'execute':'query-e'}{'execute':'query-f'}",
        "B-",
        "Q> {\"return\": 1, \"id\": 4}", /* of the client that has gone */
        "Q< {'execute':'query-e', \"id\": 10}",
        "Q> {\"return\": 1, \"id\": 8}",
        "D< {\"return\": 1}",
        "Q< {'execute':'query-d', \"id\": 11}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

/* ---- the owner ---- */

static void
an_owner_may_answer_many_commands_at_once(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"),
        "A>> {'execute':'qblk-a','id':1}{'execute':'qblk-b','id':2}{'execute':'query-x'}",
        "A? qblk-a",
        "A! refuse no \"disk\"",
        "A< {\"id\": 1, \"error\": {\"class\": \"GenericError\", \"desc\": \"no \\\"disk\\\"\"}}",
        "A? qblk-b",
        "A! return [1]",
        "A< {\"return\": [1], \"id\": 2}",
        "Q< {'execute':'query-x', \"id\": 2}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

static void
a_client_may_go_while_the_owner_decides(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"), MUX_CASE_CLIENT("B"),
        "A>> {'execute':'qblk-a'}{'execute':'query-x'}",
        "A? qblk-a",
        "A-",
        "A~ qblk-a",
        "A!", /* forwards it: it is not sent */
        "B> {'execute':'job-complete','arguments':{'id':'j'}}",
        "B? job-complete",
        "B-",
        "B~ job-complete",
        "B! return {}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

static void
a_denied_command_is_no_action_of_a_transaction(void **state)
{
    static const char *const deny[] = {"drive-*", NULL};
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"),
        "A> {'execute':'transaction','arguments':{'actions':[{'type':'abort','data':{}},"
        "{'type':'drive-backup','data':{}}]},'id':1}",
        "A< {\"id\": 1, \"error\": {\"class\": \"GenericError\", \"desc\": \"command "
        "'drive-backup' is not allowed on this bridge\"}}",
        "A> {'execute':'transaction','arguments':{'actions':[{'type':'abort'},5]},'id':1}",
        "Q< {'execute':'transaction','arguments':{'actions':[{'type':'abort'},5]},'id':2}",
        NULL,
    };
    g_autoptr(QblkPolicy) policy = qblk_policy_new(NULL, deny);
    mux_case_run(policy, steps);
}

static void
the_policy_refuses_commands_in_order(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        "A+r",
        "A< " MUX_CASE_GREETING,
        "A> {'execute':'qmp_capabilities'}",
        "A< {\"return\": {}}",
        "A>> {'execute':'query-x'}{'execute':'quit','id':1}",
        "Q< {'execute':'query-x', \"id\": 2}",
        "Q> {\"return\": {}, \"id\": 2}",
        "A< {\"return\": {}}",
        "A< {\"id\": 1, \"error\": {\"class\": \"GenericError\", \"desc\": \"command 'quit' is not "
        "allowed on this socket: it is read-only\"}}",
        "B+i",
        "B< " MUX_CASE_GREETING,
        "B> {'execute':'qmp_capabilities'}",
        "B< {\"return\": {}}",
        "B> {'execute':'query-commands'}",
        "Q< {'execute':'query-commands', \"id\": 3}",
        "Q> {\"return\": [], \"id\": 3}",
        "B< {\"return\": []}",
        "B> {'execute':'block-commit','arguments':{'device':'vda[1]'}}",
        "Q< {'execute':'block-commit','arguments':{'device':'vda[1]'}, \"id\": 4}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

static void
internal_and_forwarded_commands_are_not_held(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"), MUX_CASE_CLIENT("B"),
        "C+i",
        "C< " MUX_CASE_GREETING,
        "C> {'execute':'qmp_capabilities'}",
        "C< {\"return\": {}}",
        "A> {'execute':'job-complete'}",
        "A? job-complete",
        "h+",
        "h!",
        "h+",
        "h!",
        "B>> {'execute':'stop'}{'execute':'query-x'}",
        "C> {'execute':'cont'}",
        "Q< {'execute':'cont', \"id\": 2}",
        "A!",
        "Q< {'execute':'job-complete', \"id\": 3}",
        "h-",
        "h-",
        "Q< {'execute':'stop', \"id\": 4}",
        "Q< {'execute':'query-x', \"id\": 5}",
        NULL,
    };
    mux_case_run(NULL, steps);
}

/* ---- a hostile QEMU ---- */

static void
replies_that_belong_to_no_command_are_dropped(void **state)
{
    static const char *const steps[] = {
        MUX_CASE_START,
        MUX_CASE_CLIENT("A"), MUX_CASE_CLIENT("B"),
        "A> {'execute':'query-x','id':1}",
        "Q< {'execute':'query-x','id':2}",
        "Q> {\"return\": 0, \"id\": 3}",
        "Q> {\"return\": 0, \"id\": \"2\"}",
        "Q> {\"return\": 0}",
        "Q> {\"return\": {\"id\": 2}}",
        "Q> {\"id\": 77, \"error\": {\"class\": \"C\", \"desc\": \"d\"}}",
        "B> {'execute':'query-y','id':9}",
        "Q< {'execute':'query-y','id':3}",
        "Q> {\"error\": {\"class\": \"C\", \"desc\": \"of the oldest\"}}",
        "A< {\"error\": {\"class\": \"C\", \"desc\": \"of the oldest\"}}",
        "Q> {\"return\": 1, \"id\": 3, \"id\": 2}",
        "Q> {\"return\": 0, \"id\": 2}",
        "Q> {\"id\": 3, \"return\": 1}",
        "B< {\"id\": 9, \"return\": 1}",
        "Q> {\"return\": 1, \"id\": 3}",
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
        cmocka_unit_test(ids_come_back_as_they_were),
        cmocka_unit_test(errors_are_answered_in_the_order_of_commands),
        cmocka_unit_test(a_pretty_monitor_stays_pretty),
        cmocka_unit_test(qemu_itself_refuses_a_negotiation_that_is_not_plain),
        cmocka_unit_test(a_command_out_of_band_overtakes_others),
        cmocka_unit_test(events_reach_only_clients_that_have_negotiated),
        cmocka_unit_test(clients_take_turns),
        cmocka_unit_test(at_most_eight_commands_are_in_flight),
        cmocka_unit_test(an_owner_may_answer_many_commands_at_once),
        cmocka_unit_test(a_client_may_go_while_the_owner_decides),
        cmocka_unit_test(a_denied_command_is_no_action_of_a_transaction),
        cmocka_unit_test(the_policy_refuses_commands_in_order),
        cmocka_unit_test(internal_and_forwarded_commands_are_not_held),
        cmocka_unit_test(replies_that_belong_to_no_command_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
