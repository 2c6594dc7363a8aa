/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch-view.h"

#include "lib/check.h"

/* 100 lines of guests, of which 10 are shown, and 50 events, of which 5 are. */
static const QblkWatchPage page = {
    .guest_lines = 100, .guest_height = 10, .event_lines = 50, .event_height = 5};

/* Guests that fit. */
static const QblkWatchPage small = {
    .guest_lines = 4, .guest_height = 10, .event_lines = 50, .event_height = 5};

static QblkWatchView *
new_view(guint guests)
{
    QblkWatchView *view = qblk_watch_view_new();
    for (guint i = 0; i < guests; i++) {
        g_autofree char *name = g_strdup_printf("vm%u", i);
        (void)qblk_watch_view_add_guest(view, name);
    }
    return view;
}

static void
press(QblkWatchView *view, const QblkWatchPage *known, QblkWatchKey key, guint times)
{
    for (guint i = 0; i < times; i++) {
        qblk_watch_view_press(view, key, known);
    }
}

static void
keys_scroll_guests_that_do_not_fit(void **state)
{
    QblkWatchView *view = new_view(1);
    press(view, &page, QBLK_WATCH_KEY_DOWN, 3);
    assert_int_equal(view->top, 3);
    press(view, &page, QBLK_WATCH_KEY_UP, 5);
    assert_int_equal(view->top, 0);
    press(view, &page, QBLK_WATCH_KEY_PAGE_DOWN, 2);
    assert_int_equal(view->top, 18);
    press(view, &page, QBLK_WATCH_KEY_PAGE_UP, 1);
    assert_int_equal(view->top, 9);
    press(view, &page, QBLK_WATCH_KEY_END, 1);
    assert_int_equal(view->top, 90);
    press(view, &page, QBLK_WATCH_KEY_HOME, 1);
    assert_int_equal(view->top, 0);
    assert_int_equal(view->back, 0);
    qblk_watch_view_free(view);
}

static void
keys_scroll_the_events_if_all_guests_fit_or_they_were_chosen(void **state)
{
    QblkWatchView *view = new_view(1);
    press(view, &small, QBLK_WATCH_KEY_UP, 2);
    assert_int_equal(view->back, 2);
    press(view, &small, QBLK_WATCH_KEY_HOME, 1);
    assert_int_equal(view->back, 45);
    press(view, &small, QBLK_WATCH_KEY_PAGE_DOWN, 1);
    assert_int_equal(view->back, 41);
    press(view, &small, QBLK_WATCH_KEY_END, 1);
    assert_int_equal(view->back, 0);

    press(view, &page, QBLK_WATCH_KEY_EVENTS, 1);
    press(view, &page, QBLK_WATCH_KEY_UP, 1);
    assert_int_equal(view->back, 1);
    press(view, &page, QBLK_WATCH_KEY_EVENTS, 1);
    press(view, &page, QBLK_WATCH_KEY_DOWN, 1);
    assert_int_equal(view->back, 1);
    assert_int_equal(view->top, 1);
    qblk_watch_view_free(view);
}

static void
guests_are_selected_in_a_circle(void **state)
{
    QblkWatchView *view = new_view(3);
    press(view, &page, QBLK_WATCH_KEY_NEXT, 2);
    assert_int_equal(view->selected, 2);
    assert_true(view->is_selected);
    press(view, &page, QBLK_WATCH_KEY_NEXT, 1);
    assert_int_equal(view->selected, 0);
    press(view, &page, QBLK_WATCH_KEY_PREVIOUS, 1);
    assert_int_equal(view->selected, 2);
    press(view, &page, QBLK_WATCH_KEY_UP, 1);
    assert_false(view->is_selected);
    qblk_watch_view_free(view);
}

static void
any_key_leaves_the_help(void **state)
{
    QblkWatchView *view = new_view(1);
    press(view, &page, QBLK_WATCH_KEY_HELP, 1);
    assert_true(view->has_help);
    press(view, &page, QBLK_WATCH_KEY_PAUSE, 1);
    assert_false(view->has_help);
    assert_false(view->is_paused);
    press(view, &page, QBLK_WATCH_KEY_PAUSE, 1);
    assert_true(view->is_paused);
    qblk_watch_view_free(view);
}

static void
only_the_last_events_are_kept(void **state)
{
    QblkWatchView *view = new_view(1);
    for (guint i = 0; i < QBLK_WATCH_MAX_ENTRIES + 5; i++) {
        g_autofree char *text = g_strdup_printf("event %u", i);
        qblk_watch_view_add_entry(view, "12:00:00", text);
    }
    const QblkWatchEntry *first = view->entries->pdata[0];
    assert_int_equal(view->entries->len, QBLK_WATCH_MAX_ENTRIES);
    assert_string_equal(first->text, "event 5");
    qblk_watch_view_free(view);
}

static void
a_new_event_does_not_move_what_is_read(void **state)
{
    QblkWatchView *view = new_view(1);
    qblk_watch_view_add_entry(view, "12:00:00", "one");
    qblk_watch_view_add_entry(view, "12:00:00", "two");
    assert_int_equal(view->back, 0);
    view->back = 1;
    qblk_watch_view_add_entry(view, "12:00:00", "three");
    assert_int_equal(view->back, 2);
    qblk_watch_view_free(view);
}

static void
a_view_without_guests_takes_keys(void **state)
{
    QblkWatchView *view = new_view(0);
    const QblkWatchPage empty = {0};
    for (int key = QBLK_WATCH_KEY_NONE; key <= QBLK_WATCH_KEY_HELP; key++) {
        press(view, &empty, (QblkWatchKey)key, 2);
    }
    assert_int_equal(view->top + view->back + view->selected, 0);
    qblk_watch_view_free(view);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_scroll_guests_that_do_not_fit),
        cmocka_unit_test(keys_scroll_the_events_if_all_guests_fit_or_they_were_chosen),
        cmocka_unit_test(guests_are_selected_in_a_circle),
        cmocka_unit_test(any_key_leaves_the_help),
        cmocka_unit_test(only_the_last_events_are_kept),
        cmocka_unit_test(a_new_event_does_not_move_what_is_read),
        cmocka_unit_test(a_view_without_guests_takes_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
