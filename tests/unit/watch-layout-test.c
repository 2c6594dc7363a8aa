/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch-layout.h"

#include "cli/print/fit.h"
#include "lib/check.h"

static const QblkTerminal utf8 = {.is_terminal = TRUE, .is_utf8 = TRUE};
static const QblkTerminal ascii = {.is_terminal = TRUE};

static void
add_layer(QblkWatchDisk *disk, const char *layer, const char *used, const char *file)
{
    QblkWatchLayer *added = qblk_watch_disk_add_layer(disk);
    added->layer = g_strdup(layer);
    added->format = g_strdup("qcow2");
    added->size = g_strdup("10 GiB");
    added->used = g_strdup(used);
    added->file = g_strdup(file);
}

/* A guest with a disk of two layers, and a job. */
static QblkWatchView *
new_view(void)
{
    QblkWatchView *view = qblk_watch_view_new();
    QblkWatchGuest *guest = qblk_watch_view_add_guest(view, "vm1");
    QblkWatchDisk *disk = qblk_watch_disk_new("vda");
    guest->status = g_strdup("QEMU 7.2.22, running");
    disk->remark = g_strdup("virtio disk, 2 layers");
    add_layer(disk, "vda", "1.5 GiB", "/var/lib/images/vm1/overlay.qcow2");
    add_layer(disk, "vda[1]", NULL, "/var/lib/images/vm1/base.qcow2");
    g_ptr_array_add(guest->disks, disk);

    QblkWatchJob *job = qblk_watch_guest_add_job(guest);
    job->target = g_strdup("vda");
    job->text = g_strdup("commit 'job0' is running");
    job->percent = 50;
    job->rate = 10 << 20;
    job->seconds_left = 75;

    view->time = g_strdup("12:03:44");
    qblk_watch_view_add_entry(view, "12:03:40", "connected");
    qblk_watch_view_add_entry(view, "12:03:44", "vda: job 'job0' is running");
    return view;
}

/* Returns: the lines of the screen; those in reverse begin with '~' */
static char *
draw(QblkWatchView *view, const QblkTerminal *terminal, guint width, guint height)
{
    QblkWatchPage page;
    g_autoptr(GPtrArray) rows = qblk_watch_layout(view, terminal, width, height, &page);
    GString *text = g_string_new(NULL);
    assert_int_equal(rows->len, height);
    for (guint i = 0; i < rows->len; i++) {
        const QblkWatchRow *row = rows->pdata[i];
        g_autoptr(GString) line = g_string_new(NULL);
        for (guint j = 0; j < row->spans->len; j++) {
            const QblkWatchSpan *span = row->spans->pdata[j];
            g_string_append(line, span->text);
        }
        assert_true(qblk_fit_width(line->str) <= width);
        assert_int_equal(qblk_fit_width(line->str), row->columns);
        g_string_append_printf(text, "%s%s\n", row->is_bar ? "~" : "", g_strchomp(line->str));
    }
    return g_string_free(text, FALSE);
}

static void
check(QblkWatchView *view, const QblkTerminal *terminal, guint width, guint height,
      const char *expected)
{
    g_autofree char *text = draw(view, terminal, width, height);
    assert_string_equal(text, expected);
}

static void
a_wide_screen_shows_all(void **state)
{
    QblkWatchView *view = new_view();
    check(view, &utf8, 90, 12,
          "~ qblk watch: 1 VM                                                                "
          "12:03:44\n"
          "vm1  QEMU 7.2.22, running\n"
          "  vda  virtio disk, 2 layers\n"
          "    ├─ vda     qcow2  10 GiB  1.5 GiB  /var/lib/images/vm1/overlay.qcow2\n"
          "    └─ vda[1]  qcow2  10 GiB        -  /var/lib/images/vm1/base.qcow2\n"
          "    commit 'job0' is running  [##########..........]  50 %  10 MiB/s  1:15 left\n"
          "~ Events\n"
          "12:03:40 connected\n"
          "12:03:44 vda: job 'job0' is running\n"
          "\n"
          "\n"
          "~ q quit  ? help  space pause\n");
    qblk_watch_view_free(view);
}

static void
a_narrow_screen_drops_columns_and_shortens_paths(void **state)
{
    QblkWatchView *view = new_view();
    check(view, &ascii, 44, 11,
          "~ qblk watch: 1 VM                  12:03:44\n"
          "vm1  QEMU 7.2.22, running\n"
          "  vda  virtio disk, 2 layers\n"
          "    |- vda     10 GiB  /var.../overlay.qcow2\n"
          "    `- vda[1]  10 GiB  /var/li.../base.qcow2\n"
          "    commit 'job0' is running  50 %  10 Mi...\n"
          "~ Events\n"
          "12:03:40 connected\n"
          "12:03:44 vda: job 'job0' is running\n"
          "\n"
          "~ q quit  ? help  space pause\n");
    qblk_watch_view_free(view);
}

static void
what_does_not_fit_is_scrolled(void **state)
{
    QblkWatchView *view = new_view();
    QblkWatchGuest *second = qblk_watch_view_add_guest(view, "vm2");
    second->problem = g_strdup("cannot connect to '/run/vm2'");
    second->retry_at = 5 * G_USEC_PER_SEC;
    view->now = 2 * G_USEC_PER_SEC + 1;
    view->selected = 1;
    view->is_selected = TRUE;
    check(view, &utf8, 64, 8,
          "~ qblk watch: 2 VMs                                     12:03:44\n"
          "\n"
          "vm2\n"
          "  cannot connect to '/run/vm2'; connecting again in 3 s\n"
          "~ Events (e: scroll them)\n"
          "12:03:40 connected\n"
          "12:03:44 vda: job 'job0' is running\n"
          "~ q quit  ? help  space pause                       3 of 8 lines\n");
    assert_int_equal(view->top, 5);
    qblk_watch_view_free(view);
}

static void
older_events_are_scrolled_to(void **state)
{
    QblkWatchView *view = new_view();
    view->back = 1;
    for (guint i = 0; i < 3; i++) {
        qblk_watch_view_add_entry(view, "12:04:00", "more");
    }
    g_autofree char *text = draw(view, &utf8, 60, 10);
    assert_non_null(strstr(text, "3 newer\n12:03:40 connected\n12:03:44 vda: job"));
    assert_null(strstr(text, "more"));
    qblk_watch_view_free(view);
}

static void
hostile_names_are_escaped(void **state)
{
    QblkWatchView *view = qblk_watch_view_new();
    QblkWatchGuest *guest = qblk_watch_view_add_guest(view, "vm\033[2J\n");
    QblkWatchDisk *disk = qblk_watch_disk_new("vd\xff");
    add_layer(disk, "vda\t", "\r", "/a\n\033]0;x\007b\u202e");
    g_ptr_array_add(guest->disks, disk);
    QblkWatchJob *job = qblk_watch_guest_add_job(guest);
    job->text = g_strdup("commit '\033c' is running");
    job->error = g_strdup("\b\b");
    qblk_watch_view_add_entry(view, "12:00:00", "e\vvent\n");

    g_autofree char *text = draw(view, &utf8, 100, 20);
    for (const char *at = text; *at != '\0'; at++) {
        assert_true(*at == '\n' || ((guchar)*at >= 0x20 && *at != 0x7f));
    }
    assert_non_null(strstr(text, "vm\\x1b[2J\\n"));
    assert_non_null(strstr(text, "/a\\n\\x1b]0;x\\x07b\\u202e"));
    assert_non_null(strstr(text, "e\\x0bvent\\n"));
    qblk_watch_view_free(view);
}

static void
without_utf8_all_is_ascii(void **state)
{
    QblkWatchView *view = new_view();
    (void)qblk_watch_view_add_guest(view, "größe");
    g_autofree char *text = draw(view, &ascii, 30, 30);
    for (const char *at = text; *at != '\0'; at++) {
        assert_true((guchar)*at < 0x80);
    }
    qblk_watch_view_free(view);
}

static void
every_size_can_be_drawn(void **state)
{
    for (guint width = 1; width <= 50; width += 7) {
        for (guint height = 1; height <= 12; height++) {
            QblkWatchView *view = new_view();
            g_free(draw(view, width % 2 == 0 ? &utf8 : &ascii, width, height));
            view->has_help = TRUE;
            g_free(draw(view, &utf8, width, height));
            qblk_watch_view_free(view);
        }
    }
}

static void
the_help_names_the_keys(void **state)
{
    QblkWatchView *view = new_view();
    view->has_help = TRUE;
    view->is_paused = TRUE;
    g_autofree char *text = draw(view, &utf8, 80, 24);
    assert_non_null(strstr(text, "1 VM, paused"));
    assert_non_null(strstr(text, "q, Ctrl-C    quit"));
    assert_null(strstr(text, "vda[1]"));
    qblk_watch_view_free(view);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_screen_shows_all),
        cmocka_unit_test(a_narrow_screen_drops_columns_and_shortens_paths),
        cmocka_unit_test(what_does_not_fit_is_scrolled),
        cmocka_unit_test(older_events_are_scrolled_to),
        cmocka_unit_test(hostile_names_are_escaped),
        cmocka_unit_test(without_utf8_all_is_ascii),
        cmocka_unit_test(every_size_can_be_drawn),
        cmocka_unit_test(the_help_names_the_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
