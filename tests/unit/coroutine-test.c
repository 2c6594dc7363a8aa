/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/coroutine.h"

#include "base/json.h"
#include "base/limits.h"
#include "lib/check.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- switching ---- */

static void
count_to_three(QblkCoroutine *coroutine, gpointer user_data)
{
    int *count = user_data;
    for (int i = 1; i <= 3; i++) {
        *count = i;
        qblk_coroutine_yield(coroutine);
    }
    *count = 0;
}

static void
a_function_continues_after_each_yield(void **state)
{
    int count = -1;
    g_autoptr(QblkCoroutine) coroutine = qblk_coroutine_new(count_to_three, &count);
    assert_int_equal(count, -1);
    for (int i = 1; i <= 3; i++) {
        assert_true(qblk_coroutine_resume(coroutine));
        assert_int_equal(count, i);
        assert_false(qblk_coroutine_is_done(coroutine));
    }
    assert_false(qblk_coroutine_resume(coroutine));
    assert_int_equal(count, 0);
    assert_true(qblk_coroutine_is_done(coroutine));
}

static void
one_that_never_ran_can_be_freed(void **state)
{
    int count = -1;
    qblk_coroutine_free(qblk_coroutine_new(count_to_three, &count));
    assert_int_equal(count, -1);
    qblk_coroutine_free(NULL);
}

/* Leave a frame in the middle of a call, with memory and a cleanup of its own. */
static int
add_up(QblkCoroutine *coroutine, int depth)
{
    g_autofree char *text = g_strdup_printf("%d", depth);
    char before[64];
    g_strlcpy(before, text, sizeof(before));
    qblk_coroutine_yield(coroutine);
    assert_string_equal(before, text);
    return depth == 0 ? 0 : depth + add_up(coroutine, depth - 1);
}

static void
add_from_ten(QblkCoroutine *coroutine, gpointer user_data)
{
    int *sum = user_data;
    *sum = add_up(coroutine, 10);
}

/* Two may be within each other, too. */
static void
resume_another(QblkCoroutine *coroutine, gpointer user_data)
{
    g_autoptr(QblkCoroutine) inner = qblk_coroutine_new(add_from_ten, user_data);
    while (qblk_coroutine_resume(inner)) {
        qblk_coroutine_yield(coroutine);
    }
}

static void
several_keep_their_frames_while_they_take_turns(void **state)
{
    int sums[3] = {0};
    QblkCoroutine *coroutines[] = {
        qblk_coroutine_new(add_from_ten, &sums[0]),
        qblk_coroutine_new(add_from_ten, &sums[1]),
        qblk_coroutine_new(resume_another, &sums[2]),
    };
    guint running = G_N_ELEMENTS(coroutines);
    while (running > 0) {
        running = 0;
        for (gsize i = 0; i < G_N_ELEMENTS(coroutines); i++) {
            gboolean is_done = qblk_coroutine_is_done(coroutines[i]);
            running += !is_done && qblk_coroutine_resume(coroutines[i]) ? 1 : 0;
        }
    }
    for (gsize i = 0; i < G_N_ELEMENTS(coroutines); i++) {
        assert_int_equal(sums[i], 55);
        qblk_coroutine_free(coroutines[i]);
    }
}

static gpointer
resume_once(gpointer data)
{
    return GINT_TO_POINTER(qblk_coroutine_resume(data));
}

static void
each_turn_may_be_in_another_thread(void **state)
{
    int count = -1;
    g_autoptr(QblkCoroutine) coroutine = qblk_coroutine_new(count_to_three, &count);
    for (int i = 1; i <= 3; i++) {
        assert_true(GPOINTER_TO_INT(g_thread_join(g_thread_new("turn", resume_once, coroutine))));
        assert_int_equal(count, i);
    }
    assert_false(qblk_coroutine_resume(coroutine));
}

/* ---- what surrounds it ---- */

static gboolean
is_blocked(int number)
{
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    return sigismember(&now, number) == 1;
}

static void
look_at_signal(QblkCoroutine *coroutine, gpointer user_data)
{
    gboolean *seen = user_data;
    for (;;) {
        *seen = is_blocked(SIGUSR1);
        qblk_coroutine_yield(coroutine);
        if (*seen == 2) {
            return;
        }
    }
}

static void
signals_are_blocked_as_in_the_caller(void **state)
{
    gboolean seen = 2;
    g_autoptr(QblkCoroutine) coroutine = qblk_coroutine_new(look_at_signal, &seen);
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    for (int i = 0; i < 2; i++) {
        pthread_sigmask(SIG_BLOCK, &signals, &before);
        assert_true(qblk_coroutine_resume(coroutine));
        assert_true(seen);
        assert_true(is_blocked(SIGUSR1));
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        assert_true(qblk_coroutine_resume(coroutine));
        assert_false(seen);
        assert_false(is_blocked(SIGUSR1));
    }
    seen = 2;
    assert_false(qblk_coroutine_resume(coroutine));
}

static void
parse_deep_text(QblkCoroutine *coroutine, gpointer user_data)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < QBLK_LIMIT_JSON_DEPTH - 1; i++) {
        g_string_append(text, i % 2 == 0 ? "[" : "{\"a\":");
    }
    g_string_append_c(text, '1');
    for (int i = QBLK_LIMIT_JSON_DEPTH - 2; i >= 0; i--) {
        g_string_append_c(text, i % 2 == 0 ? ']' : '}');
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json = qblk_json_parse(text->str, text->len, &error);
    assert_no_error(error);
    g_autofree char *printed = qblk_json_print(json, QBLK_JSON_COMPACT);
    assert_string_equal(printed, text->str);
    g_string_free(text, TRUE);
}

static void
the_stack_suffices_for_the_deepest_json(void **state)
{
    g_autoptr(QblkCoroutine) coroutine = qblk_coroutine_new(parse_deep_text, NULL);
    assert_false(qblk_coroutine_resume(coroutine));
}

static void
use_all_of_the_stack(QblkCoroutine *coroutine, gpointer user_data)
{
    /* Page by page, as the compiler probes large frames. */
    volatile char *at = (volatile char *)&coroutine;
    for (gsize used = 0; used <= QBLK_COROUTINE_STACK_BYTES; used += 1024) {
        *(at - used) = 1;
    }
}

static void
an_overflow_does_not_reach_other_memory(void **state)
{
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        qblk_coroutine_resume(qblk_coroutine_new(use_all_of_the_stack, NULL));
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_continues_after_each_yield),
        cmocka_unit_test(one_that_never_ran_can_be_freed),
        cmocka_unit_test(several_keep_their_frames_while_they_take_turns),
        cmocka_unit_test(each_turn_may_be_in_another_thread),
        cmocka_unit_test(signals_are_blocked_as_in_the_caller),
        cmocka_unit_test(the_stack_suffices_for_the_deepest_json),
        cmocka_unit_test(an_overflow_does_not_reach_other_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
