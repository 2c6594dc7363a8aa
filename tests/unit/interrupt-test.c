/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/interrupt.h"
#include "lib/check.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

static int
is_readable(const QblkInterrupt *interrupt)
{
    struct pollfd polled = {qblk_interrupt_get_fd(interrupt), POLLIN, 0};
    return poll(&polled, 1, 0);
}

/* Of a test that nohup has started it is ignored. */
static int
set_up(void **state)
{
    return signal(SIGHUP, SIG_DFL) == SIG_ERR ? -1 : 0;
}

static void
a_signal_can_be_read_instead_of_ending_the_process(void **state)
{
    const int signals[] = {SIGINT, SIGTERM, SIGHUP};

    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++) {
        char record[256];
        (void)signal(signals[i], SIG_DFL); /* nohup(1) may run the tests */
        g_autoptr(QblkInterrupt) interrupt = qblk_interrupt_new();
        assert_int_equal(is_readable(interrupt), 0);
        raise(signals[i]);
        assert_int_equal(is_readable(interrupt), 1);
        assert_true(read(qblk_interrupt_get_fd(interrupt), record, sizeof(record)) > 0);
        assert_int_equal(is_readable(interrupt), 0);
    }
}

static void
a_signal_that_was_not_read_does_not_end_the_process(void **state)
{
    (void)signal(SIGHUP, SIG_DFL);
    QblkInterrupt *interrupt = qblk_interrupt_new();
    raise(SIGINT);
    raise(SIGTERM);
    raise(SIGHUP);
    qblk_interrupt_free(interrupt);
}

static void
a_hangup_that_is_ignored_stays_ignored(void **state)
{
    void (*before)(int) = signal(SIGHUP, SIG_IGN);
    g_autoptr(QblkInterrupt) interrupt = qblk_interrupt_new();
    raise(SIGHUP);
    assert_int_equal(is_readable(interrupt), 0);
    raise(SIGTERM);
    assert_int_equal(is_readable(interrupt), 1);
    (void)signal(SIGHUP, before);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_can_be_read_instead_of_ending_the_process),
        cmocka_unit_test(a_signal_that_was_not_read_does_not_end_the_process),
        cmocka_unit_test(a_hangup_that_is_ignored_stays_ignored),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
