/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/outbox.h"

#include "lib/check.h"

#include <string.h>

#define FIRST  "{\"execute\":\"stop\",\"id\":2}\n"
#define SECOND "{\"execute\":\"cont\",\"id\":12}\n"
#define THIRD  "{\"execute\":\"quit\",\"id\":3}\n"

static void
fill(QblkOutbox *outbox)
{
    static const char *const lines[] = {FIRST, SECOND, THIRD};
    qblk_outbox_init(outbox);
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        qblk_outbox_add(outbox, lines[i], strlen(lines[i]));
    }
}

static void
assert_bytes(const QblkOutbox *outbox, const char *expected)
{
    gsize length;
    const char *bytes = qblk_outbox_bytes(outbox, &length);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(bytes, expected, length);
}

static void
a_line_is_removed_by_the_whole_id_of_its_command(void **state)
{
    QblkOutbox outbox;
    fill(&outbox);
    assert_true(qblk_outbox_remove(&outbox, 2));
    assert_bytes(&outbox, SECOND THIRD);
    assert_false(qblk_outbox_remove(&outbox, 2));
    assert_true(qblk_outbox_remove(&outbox, 3));
    assert_bytes(&outbox, SECOND);
    assert_true(qblk_outbox_remove(&outbox, 12));
    assert_bytes(&outbox, "");
    qblk_outbox_clear(&outbox);
}

static void
a_line_of_which_a_byte_was_sent_stays(void **state)
{
    QblkOutbox outbox;
    fill(&outbox);
    qblk_outbox_sent(&outbox, 1);
    assert_false(qblk_outbox_remove(&outbox, 2));
    assert_true(qblk_outbox_remove(&outbox, 12));
    assert_bytes(&outbox, &(FIRST THIRD)[1]);

    /* At the end of a line the next one is not begun. */
    qblk_outbox_sent(&outbox, strlen(FIRST) - 1);
    assert_true(qblk_outbox_remove(&outbox, 3));
    assert_bytes(&outbox, "");
    qblk_outbox_clear(&outbox);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_removed_by_the_whole_id_of_its_command),
        cmocka_unit_test(a_line_of_which_a_byte_was_sent_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
