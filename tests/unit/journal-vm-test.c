/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/journal-vm.h"

#include "lib/check.h"

#define U "00000000-0000-4000-8000-0000000071e5"
#define V "00000000-0000-4000-8000-000000004711"

typedef struct {
    const char *address, *uuid;
    gint64 pid, start, thread;
} Side;

/* One QEMU, as it is seen by several ways, and others. */
static const Side unix_way = {"/run/vm", U, 12, 345, 13};
static const Side tcp_way = {"tcp:host:1", U, 0, 0, 13};
static const Side relay_way = {"/run/relay", U, 77, 9, 13};
static const Side no_cpu_unix = {"/run/vm", U, 12, 345, 0};
static const Side no_cpu_tcp = {"tcp:host:1", U, 0, 0, 0};
static const Side later = {"/run/vm", U, 22, 400, 23};
static const Side later_tcp = {"tcp:host:1", U, 0, 0, 23};
static const Side later_relay = {"/run/relay", U, 77, 9, 23};
static const Side later_in_container = {"/run/vm", U, 22, 400, 13};
static const Side copy = {"/run/copy", U, 22, 400, 23};
static const Side stranger = {"/run/vm", V, 22, 400, 23};
static const Side nameless = {"/run/vm", NULL, 12, 345, 13};
static const Side nameless_other_socket = {"/run/vm2", NULL, 12, 345, 13};
static const Side nameless_later = {"/run/vm", NULL, 22, 400, 13};
static const Side nameless_stranger = {"/run/vm2", NULL, 22, 400, 13};
static const Side no_cpu_later = {"/run/vm2", U, 22, 400, 0};
static const Side nameless_same_pid = {"/run/vm2", NULL, 12, 400, 13};
static const Side nameless_other_tcp = {"tcp:host:2", NULL, 0, 0, 23};
static const Side nameless_tcp = {"tcp:host:1", NULL, 0, 0, 13};

static QblkJournalVm
vm_of(const Side *side)
{
    return (QblkJournalVm){
        g_strdup(side->address), g_strdup(side->uuid), NULL, side->pid, side->start, side->thread};
}

typedef enum { NO, SAME, LATER } Is;

static void
a_VM_is_recognized_by_any_of_its_monitors(void **state)
{
    static const struct {
        const Side *then, *now;
        gboolean is_alive;
        Is is;
    } rows[] = {
        {&unix_way, &unix_way, TRUE, SAME},
        {&unix_way, &tcp_way, TRUE, SAME},
        {&tcp_way, &unix_way, FALSE, SAME},
        {&unix_way, &relay_way, TRUE, SAME},
        {&relay_way, &unix_way, TRUE, SAME},
        {&no_cpu_tcp, &no_cpu_unix, FALSE, SAME},
        {&unix_way, &later, FALSE, LATER},
        {&unix_way, &later_tcp, FALSE, LATER},
        {&tcp_way, &later, FALSE, LATER},
        {&tcp_way, &later_tcp, FALSE, LATER},
        {&relay_way, &later_relay, TRUE, LATER},
        {&unix_way, &later_in_container, FALSE, LATER},
        {&unix_way, &copy, FALSE, LATER},
        {&unix_way, &copy, TRUE, NO},
        {&unix_way, &stranger, FALSE, NO},
        {&unix_way, &nameless, TRUE, NO},
        {&nameless, &nameless_other_socket, TRUE, SAME},
        {&nameless, &nameless_later, FALSE, LATER},
        {&nameless, &nameless_stranger, FALSE, NO},
        {&nameless_tcp, &nameless_tcp, FALSE, SAME},
        {&nameless_tcp, &nameless_stranger, FALSE, NO},
        {&unix_way, &no_cpu_unix, TRUE, SAME},
        {&no_cpu_unix, &no_cpu_later, FALSE, LATER},
        {&nameless, &nameless_same_pid, FALSE, NO},
        {&nameless_tcp, &nameless_other_tcp, FALSE, NO},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        print_message("row %zu\n", i);
        QblkJournalVm then = vm_of(rows[i].then), now = vm_of(rows[i].now);
        assert_int_equal(qblk_journal_vm_is_of(&then, &now, rows[i].is_alive), rows[i].is != NO);
        if (rows[i].is != NO) {
            assert_int_equal(qblk_journal_vm_was_restarted(&then, &now), rows[i].is == LATER);
        }
        qblk_journal_vm_clear(&then);
        qblk_journal_vm_clear(&now);
    }
}

static gboolean
have_one_key(const Side *a, const Side *b)
{
    QblkJournalVm left = vm_of(a), right = vm_of(b);
    g_autofree char *first = qblk_journal_vm_key(&left);
    g_autofree char *second = qblk_journal_vm_key(&right);
    qblk_journal_vm_clear(&left);
    qblk_journal_vm_clear(&right);
    return g_str_equal(first, second);
}

static void
all_monitors_of_a_VM_have_one_key(void **state)
{
    assert_true(have_one_key(&unix_way, &tcp_way));
    assert_true(have_one_key(&unix_way, &relay_way));
    assert_true(have_one_key(&unix_way, &later));
    assert_false(have_one_key(&unix_way, &stranger));
    assert_true(have_one_key(&nameless, &nameless_other_socket));
    assert_false(have_one_key(&nameless, &nameless_later));
    assert_false(have_one_key(&nameless, &nameless_same_pid));
    assert_false(have_one_key(&nameless_tcp, &nameless_stranger));
}

static void
a_VM_is_read_as_it_was_written(void **state)
{
    QblkJournalVm vm = vm_of(&unix_way), again = {0};
    vm.name = g_strdup("guest");
    g_autoptr(QblkJson) written = qblk_journal_vm_to_json(&vm);
    assert_true(qblk_journal_vm_read(&again, written));
    g_autoptr(QblkJson) rewritten = qblk_journal_vm_to_json(&again);
    assert_true(qblk_json_equal(written, rewritten));
    assert_string_equal(again.name, "guest");
    qblk_journal_vm_clear(&vm);
    qblk_journal_vm_clear(&again);
    g_autoptr(QblkJson) none = qblk_json_new_object();
    assert_false(qblk_journal_vm_read(&again, none));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_VM_is_recognized_by_any_of_its_monitors),
        cmocka_unit_test(all_monitors_of_a_VM_have_one_key),
        cmocka_unit_test(a_VM_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
