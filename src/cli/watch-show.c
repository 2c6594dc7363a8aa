/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch-show.h"

#include "cli/watch-guest.h"
#include "cli/watch-json.h"

#include <qblk/address.h>

/* The screen is not drawn more often: a storm of events must not fill a slow connection. */
#define DRAW_US 50000

/* Seconds that count down on the screen. */
#define CLOCK_US G_USEC_PER_SEC

static const char *const *
followed_disks(const QblkWatchSession *session)
{
    return (const char *const *)session->options->disks;
}

/* ---- what is printed ---- */

static void
flush(QblkWatchSession *session)
{
    if (session->error == NULL &&
        !qblk_output_flush_until(&session->invocation->output, session->signal_fd,
                                 &session->is_stopped, &session->error)) {
        session->is_stopped = TRUE;
    }
}

/* @time: in microseconds since 1970 */
static void
print_entry(const QblkWatchVm *vm, gint64 time, const char *text)
{
    QblkWatchSession *session = vm->session;
    g_autofree char *of_day = qblk_watch_time_text(time);
    g_autofree char *named = g_strdup_printf("%s: %s", vm->name, text);

    if (session->mode == QBLK_WATCH_SCREEN) {
        g_autofree char *short_text = g_strdup_printf("%s: %s", vm->guest->name, text);
        qblk_watch_view_add_entry(session->view, of_day, session->vms->len > 1 ? short_text : text);
        session->is_dirty = TRUE;
        return;
    }

    g_autofree char *safe = qblk_output_escape(named);
    qblk_output_print(&session->invocation->output, "%s %s\n", of_day, safe);
    flush(session);
}

static void
print_entries(const QblkWatchVm *vm, const GPtrArray *texts)
{
    for (guint i = 0; i < texts->len; i++) {
        print_entry(vm, g_get_real_time(), texts->pdata[i]);
    }
}

/* Returns: (transfer none) (nullable): what QEMU was given as -name, if a VM that was given as an
 * address is the only one with it */
static const char *
find_own_name(const QblkWatchVm *vm)
{
    const QblkSnapshot *snapshot = qblk_watch_get_snapshot(vm->watch);
    const char *name = snapshot == NULL ? NULL : qblk_snapshot_get_vm_name(snapshot);
    if (name == NULL || name[0] == '\0' || !qblk_address_has_form(vm->name)) {
        return NULL;
    }

    for (guint i = 0; i < vm->session->vms->len; i++) {
        const QblkWatchVm *other = vm->session->vms->pdata[i];
        if (other != vm && g_str_equal(other->guest->name, name)) {
            return NULL;
        }
    }
    return name;
}

static void
update_guest(QblkWatchVm *vm)
{
    const char *name = find_own_name(vm);
    if (name != NULL) {
        qblk_watch_guest_set_name(vm->guest, name, vm->name);
    }
    qblk_watch_guest_update(vm->guest, vm->watch, followed_disks(vm->session),
                            g_get_monotonic_time());
    vm->session->is_dirty = TRUE;
}

/* ---- what happens ---- */

static void
handle_state(QblkWatch *watch, gpointer user_data)
{
    QblkWatchVm *vm = user_data;
    QblkWatchSession *session = vm->session;
    QblkWatchState state = qblk_watch_get_state(watch);
    vm->was_connected |= state == QBLK_WATCH_STATE_CONNECTED;

    if (session->mode == QBLK_WATCH_JSON) {
        qblk_watch_json_state(&session->invocation->output, vm->name, g_get_real_time(), watch);
        flush(session);
        return;
    }

    /* The first failure of a VM may be the error of the command. */
    g_autofree char *text = vm->was_connected || session->options->waits || session->vms->len > 1
                                ? qblk_watch_changes_state(vm->changes, watch)
                                : NULL;
    if (text != NULL) {
        print_entry(vm, g_get_real_time(), text);
    }
    update_guest(vm);
}

/* A disk that the only VM does not have is an error of the user; one of several VMs may lack it. */
static gboolean
check_disks(QblkWatchSession *session, const QblkSnapshot *snapshot)
{
    const char *const *disks = followed_disks(session);
    if (session->vms->len > 1 || session->is_checked) {
        return TRUE;
    }

    session->is_checked = TRUE;
    for (guint i = 0; disks != NULL && disks[i] != NULL; i++) {
        if (qblk_snapshot_find_device(snapshot, disks[i], &session->error) == NULL) {
            session->is_stopped = TRUE;
            return FALSE;
        }
    }
    return TRUE;
}

static void
handle_snapshot(QblkWatch *watch, gpointer user_data)
{
    QblkWatchVm *vm = user_data;
    QblkWatchSession *session = vm->session;
    if (!check_disks(session, qblk_watch_get_snapshot(watch))) {
        return;
    }
    if (session->mode == QBLK_WATCH_JSON) {
        qblk_watch_json_snapshot(&session->invocation->output, vm->name, g_get_real_time(), watch,
                                 followed_disks(session));
        flush(session);
        return;
    }

    /* The screen shows what is there, and needs to tell only what changes. */
    gboolean is_first = vm->guest->source == NULL;
    g_autoptr(GPtrArray) texts = qblk_watch_changes_snapshot(vm->changes, watch);
    if (session->mode == QBLK_WATCH_LINES || !is_first) {
        print_entries(vm, texts);
    }
    if (session->mode == QBLK_WATCH_LINES) {
        g_autoptr(GPtrArray) jobs = qblk_watch_changes_jobs(vm->changes, watch);
        print_entries(vm, jobs);
    }
    update_guest(vm);
}

static void
handle_progress(QblkWatch *watch, gpointer user_data)
{
    QblkWatchVm *vm = user_data;
    QblkWatchSession *session = vm->session;
    if (session->mode == QBLK_WATCH_JSON) {
        qblk_watch_json_jobs(&session->invocation->output, vm->name, g_get_real_time(), watch,
                             followed_disks(session));
        flush(session);
    } else if (session->mode == QBLK_WATCH_LINES) {
        g_autoptr(GPtrArray) texts = qblk_watch_changes_jobs(vm->changes, watch);
        print_entries(vm, texts);
    } else {
        update_guest(vm);
    }
}

static void
handle_event(QblkWatch *watch, const QblkWatchEvent *event, gpointer user_data)
{
    QblkWatchVm *vm = user_data;
    QblkWatchSession *session = vm->session;
    g_autofree char *text = qblk_watch_changes_event(vm->changes, watch, event);
    if (text == NULL) {
        return;
    }

    if (session->mode == QBLK_WATCH_JSON) {
        qblk_watch_json_event(&session->invocation->output, vm->name, event);
        flush(session);
    } else {
        print_entry(vm, qblk_watch_event_get_time(event), text);
    }
}

/* ---- the screen ---- */

static void
draw(QblkWatchSession *session)
{
    guint width, height;
    gint64 now = g_get_monotonic_time();
    gboolean is_due = session->is_resized || now >= session->drawn_at + DRAW_US;
    if (session->screen == NULL || !session->is_dirty || !is_due) {
        return;
    }

    g_free(session->view->time);
    session->view->time = qblk_watch_time_text(g_get_real_time());
    session->view->now = now;
    qblk_watch_screen_size(session->screen, &width, &height);
    g_autoptr(GPtrArray) rows = qblk_watch_layout(
        session->view, &session->invocation->output.terminal, width, height, &session->page);
    qblk_watch_screen_draw(session->screen, rows, session->is_resized);
    session->drawn_at = now;
    session->is_dirty = FALSE;
    session->is_resized = FALSE;
}

/* Nothing is drawn before there is something to show: an error is then printed as by other
 * commands. */
static void
open_screen(QblkWatchSession *session)
{
    gboolean is_known = FALSE;
    for (guint i = 0; i < session->vms->len; i++) {
        const QblkWatchVm *vm = session->vms->pdata[i];
        is_known |= qblk_watch_get_snapshot(vm->watch) != NULL;
    }
    if (session->mode != QBLK_WATCH_SCREEN || session->screen != NULL || session->is_stopped ||
        !(is_known || session->options->waits)) {
        return;
    }

    session->screen =
        qblk_watch_screen_new(session->invocation->output.terminal.has_color, &session->error);
    session->is_stopped |= session->screen == NULL;
    session->is_dirty = TRUE;
    session->is_resized = TRUE;
}

void
qblk_watch_show_keys(QblkWatchSession *session)
{
    QblkWatchKey key;
    while ((key = qblk_watch_screen_read_key(session->screen)) != QBLK_WATCH_KEY_NONE) {
        if (key == QBLK_WATCH_KEY_QUIT) {
            session->is_stopped = TRUE;
            return;
        }
        qblk_watch_view_press(session->view, key, &session->page);
        session->is_dirty = TRUE;
        session->drawn_at = 0;
        draw(session);
    }
}

/* ---- for the loop ---- */

void
qblk_watch_show_follow(QblkWatchVm *vm)
{
    qblk_watch_set_state_changed(vm->watch, handle_state, vm, NULL);
    qblk_watch_set_snapshot_changed(vm->watch, handle_snapshot, vm, NULL);
    qblk_watch_set_progress(vm->watch, handle_progress, vm, NULL);
    qblk_watch_set_event(vm->watch, handle_event, vm, NULL);
}

void
qblk_watch_show_update(QblkWatchSession *session)
{
    open_screen(session);
    if (!session->view->is_paused || session->is_resized) {
        session->is_dirty |= g_get_monotonic_time() >= session->drawn_at + CLOCK_US;
        draw(session);
    }
}

int
qblk_watch_show_timeout(const QblkWatchSession *session)
{
    if (session->screen == NULL || session->view->is_paused) {
        return -1;
    }
    gint64 interval = session->is_dirty ? DRAW_US : CLOCK_US;
    gint64 left = session->drawn_at + interval - g_get_monotonic_time();
    return (int)CLAMP((left + 999) / 1000, 0, CLOCK_US / 1000);
}
