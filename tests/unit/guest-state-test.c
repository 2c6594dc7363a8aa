/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/guest-state.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

typedef struct {
    const char *version, *status, *migration, *late;
} Guest;

static QblkReplies *
replies_of(const Guest *guest)
{
    QblkReplies *replies = graph_fixture_jobs(guest->version, "[]", "[]");
    g_autofree char *capabilities =
        g_strdup_printf("[{'capability':'xbzrle','state':true},"
                        "{'capability':'late-block-activate','state':%s}]",
                        guest->late == NULL ? "false" : guest->late);

    graph_fixture_add(replies, "query-status", NULL, guest->status);
    if (guest->migration != NULL) {
        graph_fixture_add(replies, "query-migrate", NULL, guest->migration);
    }
    if (guest->late != NULL) {
        graph_fixture_add(replies, "query-migrate-capabilities", NULL, capabilities);
    }
    return replies;
}

#define RUNNING   "{'status':'running','running':true}"
#define PAUSED    "{'status':'paused','running':false}"
#define COMPLETED "{'status':'completed'}"

static void
only_a_stopped_guest_that_has_migrated_may_have_inactive_images(void **state)
{
    static const struct {
        Guest guest;
        gboolean may_be_inactive;
    } cases[] = {
        {{"7.2.22", PAUSED, COMPLETED, "true"}, TRUE},
        {{"5.2.0", "{'status':'prelaunch','running':false}", COMPLETED, "true"}, TRUE},
        {{"9.2.4", "{'status':'io-error','running':false}", COMPLETED, "true"}, TRUE},
        {{"7.2.22", PAUSED, COMPLETED, "false"}, FALSE},
        {{"7.2.22", PAUSED, COMPLETED, "null"}, FALSE},
        {{"7.2.22", PAUSED, COMPLETED, NULL}, FALSE},
        {{"7.2.22", PAUSED, "{'status':'failed'}", "true"}, FALSE},
        {{"7.2.22", PAUSED, "{}", "true"}, FALSE},
        {{"7.2.22", PAUSED, NULL, "true"}, FALSE},
        {{"7.2.22", RUNNING, COMPLETED, "true"}, FALSE},
        {{"7.2.22", NULL, COMPLETED, "true"}, FALSE},
        {{"10.0.0", PAUSED, COMPLETED, "true"}, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = replies_of(&cases[i].guest);
        if (qblk_guest_state_may_be_inactive(replies) != cases[i].may_be_inactive) {
            fail_msg("case %" G_GSIZE_FORMAT, i);
        }
    }
}

static void
only_incidents_and_migrations_are_not_ordinary(void **state)
{
    static const char *const ordinary[] = {"running", "paused", "prelaunch", NULL};
    static const char *const others[] = {
        "inmigrate",      "postmigrate",    "finish-migrate", "io-error",
        "internal-error", "guest-panicked", "a new one",      ""};
    for (gsize i = 0; i < G_N_ELEMENTS(ordinary); i++) {
        assert_true(qblk_guest_state_is_ordinary(ordinary[i]));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        assert_false(qblk_guest_state_is_ordinary(others[i]));
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_incidents_and_migrations_are_not_ordinary),
        cmocka_unit_test(only_a_stopped_guest_that_has_migrated_may_have_inactive_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
