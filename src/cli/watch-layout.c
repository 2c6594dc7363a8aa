/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/watch-layout.h"

#include "base/text.h"
#include "cli/print/fit.h"

#include <string.h>

#define BAR_WIDTH 20

/* Of a file, without which a line tells little: other columns are left out before. */
#define MIN_FILE_WIDTH 16

typedef struct {
    QblkWatchView *view;
    const QblkTerminal *terminal;
    guint width;
    GPtrArray *rows;     /* of QblkWatchRow, owned */
    guint selected_line; /* of the selected guest */
} Layout;

/* ---- lines ---- */

static void
free_span(gpointer data)
{
    QblkWatchSpan *span = data;
    g_free(span->text);
    g_free(span);
}

static void
free_row(gpointer data)
{
    QblkWatchRow *row = data;
    g_ptr_array_unref(row->spans);
    g_free(row);
}

static QblkWatchRow *
new_row(void)
{
    QblkWatchRow *row = g_new0(QblkWatchRow, 1);
    row->spans = g_ptr_array_new_with_free_func(free_span);
    return row;
}

static QblkWatchRow *
add_row(Layout *layout)
{
    QblkWatchRow *row = new_row();
    g_ptr_array_add(layout->rows, row);
    return row;
}

/* @text: (transfer full): escaped, and not wider than what is left of the line */
static void
add_span(QblkWatchRow *row, QblkStyle style, char *text)
{
    QblkWatchSpan *span = g_new(QblkWatchSpan, 1);
    span->style = style;
    span->text = text;
    row->columns += qblk_fit_width(text);
    g_ptr_array_add(row->spans, span);
}

static guint
columns_left(const Layout *layout, const QblkWatchRow *row)
{
    return layout->width > row->columns ? layout->width - row->columns : 0;
}

/* Add as much of @text as there is space for. */
static void
add_text(const Layout *layout, QblkWatchRow *row, QblkStyle style, const char *text)
{
    guint left = columns_left(layout, row);
    if (left > 0 && text[0] != '\0') {
        g_autofree char *safe = qblk_terminal_escape(layout->terminal, text);
        add_span(row, style, qblk_fit_text(layout->terminal, safe, left));
    }
}

/* Add characters of our own. */
static void
add_plain(const Layout *layout, QblkWatchRow *row, const char *text)
{
    guint left = columns_left(layout, row);
    if (left > 0) {
        add_span(row, QBLK_STYLE_PLAIN, qblk_fit_text(layout->terminal, text, left));
    }
}

static void
add_spaces(const Layout *layout, QblkWatchRow *row, guint count)
{
    g_autofree char *spaces = g_strnfill(count, ' ');
    if (count > 0) {
        add_plain(layout, row, spaces);
    }
}

/* ---- a disk ---- */

enum { LAYER, FORMAT, SIZE, USED, COLUMNS };

static const char *
cell_of(const QblkWatchLayer *layer, int column)
{
    const char *const cells[COLUMNS] = {layer->layer, layer->format, layer->size, layer->used};
    return cells[column] == NULL ? "-" : cells[column];
}

/* The widths of columns, equal for all disks of a guest; 0: left out. */
static void
measure(const Layout *layout, const QblkWatchGuest *guest, guint *widths)
{
    static const int least_important[] = {USED, FORMAT, SIZE};
    memset(widths, 0, COLUMNS * sizeof(*widths));

    for (guint i = 0; i < guest->disks->len; i++) {
        const QblkWatchDisk *disk = guest->disks->pdata[i];
        for (guint j = 0; j < disk->layers->len; j++) {
            for (int column = 0; column < COLUMNS; column++) {
                const char *cell = cell_of(disk->layers->pdata[j], column);
                g_autofree char *safe = qblk_terminal_escape(layout->terminal, cell);
                widths[column] = MAX(widths[column], qblk_fit_width(safe));
            }
        }
    }

    for (gsize i = 0; i < G_N_ELEMENTS(least_important); i++) {
        guint used = 7; /* indent and branch */
        for (int column = 0; column < COLUMNS; column++) {
            used += widths[column] == 0 ? 0 : widths[column] + 2;
        }
        if (used + MIN_FILE_WIDTH <= layout->width) {
            return;
        }
        widths[least_important[i]] = 0;
    }
}

static void
add_cell(const Layout *layout, QblkWatchRow *row, QblkStyle style, const char *cell, guint width,
         gboolean is_number)
{
    g_autofree char *safe = qblk_terminal_escape(layout->terminal, cell);
    guint columns = qblk_fit_width(safe);
    guint missing = width > columns ? width - columns : 0;

    add_spaces(layout, row, is_number ? missing : 0);
    add_text(layout, row, style, cell);
    add_spaces(layout, row, (is_number ? 0 : missing) + 2);
}

static void
lay_out_layer(Layout *layout, const QblkWatchDisk *disk, guint position, const guint *widths)
{
    const QblkTerminalLines *lines = qblk_terminal_lines(layout->terminal);
    const QblkWatchLayer *layer = disk->layers->pdata[position];
    gboolean is_last = position + 1 == disk->layers->len;
    QblkStyle style = position == 0 ? QBLK_STYLE_STRONG : QBLK_STYLE_PLAIN;
    QblkWatchRow *row = add_row(layout);

    add_plain(layout, row, "    ");
    add_plain(layout, row, is_last ? lines->last : lines->branch);
    for (int column = 0; column < COLUMNS; column++) {
        if (widths[column] > 0) {
            add_cell(layout, row, style, cell_of(layer, column), widths[column],
                     column == SIZE || column == USED);
        }
    }

    guint left = columns_left(layout, row);
    if (layer->file != NULL && left > 0) {
        g_autofree char *safe = qblk_terminal_escape(layout->terminal, layer->file);
        add_span(row, style, qblk_fit_path(layout->terminal, safe, left));
    }
}

/* ---- a job ---- */

static char *
describe_left(gint64 seconds)
{
    if (seconds >= 100 * 3600) {
        return g_strdup("days left");
    }
    int hours = (int)(seconds / 3600), minutes = (int)(seconds / 60 % 60),
        rest = (int)(seconds % 60);
    return hours > 0 ? g_strdup_printf("%d:%02d:%02d left", hours, minutes, rest)
                     : g_strdup_printf("%d:%02d left", minutes, rest);
}

static char *
describe_progress(const QblkWatchJob *job)
{
    GString *text = g_string_new(NULL);
    if (job->percent >= 0) {
        g_string_append_printf(text, "%3d %%", job->percent);
    }
    if (job->rate >= 0) {
        g_autofree char *rate = qblk_text_size(job->rate);
        g_string_append_printf(text, "  %s/s", rate);
    }
    if (job->seconds_left >= 0) {
        g_autofree char *left = describe_left(job->seconds_left);
        g_string_append_printf(text, "  %s", left);
    }
    return g_string_free(text, FALSE);
}

static void
lay_out_job(Layout *layout, const QblkWatchJob *job)
{
    QblkWatchRow *row = add_row(layout);
    g_autofree char *progress = describe_progress(job);
    add_plain(layout, row, "    ");
    add_text(layout, row, QBLK_STYLE_PLAIN, job->text);

    if (job->percent >= 0 && columns_left(layout, row) > strlen(progress) + BAR_WIDTH + 6) {
        guint filled = BAR_WIDTH * (guint)CLAMP(job->percent, 0, 100) / 100;
        g_autofree char *full = g_strnfill(filled, '#');
        g_autofree char *empty = g_strnfill(BAR_WIDTH - filled, '.');
        g_autofree char *bar = g_strdup_printf("  [%s%s]", full, empty);
        add_text(layout, row, QBLK_STYLE_STRONG, bar);
    }
    add_plain(layout, row, " ");
    add_text(layout, row, QBLK_STYLE_PLAIN, progress);
    if (job->error != NULL) {
        add_plain(layout, row, "  ");
        add_text(layout, row, QBLK_STYLE_ERROR, job->error);
    }
}

static void
lay_out_jobs(Layout *layout, const QblkWatchGuest *guest, const char *target)
{
    for (guint i = 0; i < guest->jobs->len; i++) {
        const QblkWatchJob *job = guest->jobs->pdata[i];
        if (g_strcmp0(job->target, target) == 0) {
            lay_out_job(layout, job);
        }
    }
}

/* ---- a guest ---- */

static gboolean
has_disk(const QblkWatchGuest *guest, const char *target)
{
    for (guint i = 0; i < guest->disks->len; i++) {
        const QblkWatchDisk *disk = guest->disks->pdata[i];
        if (g_strcmp0(disk->target, target) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static void
lay_out_problem(Layout *layout, const QblkWatchGuest *guest)
{
    gint64 left = (guest->retry_at - layout->view->now + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
    g_autofree char *retry =
        g_strdup_printf("; connecting again in %" G_GINT64_FORMAT " s", MAX(left, 0));
    g_autofree char *text = g_strconcat(guest->problem, guest->retry_at < 0 ? NULL : retry, NULL);
    QblkWatchRow *row = add_row(layout);
    add_plain(layout, row, "  ");
    add_text(layout, row, QBLK_STYLE_ERROR, text);
}

static void
lay_out_disk(Layout *layout, const QblkWatchGuest *guest, const QblkWatchDisk *disk,
             const guint *widths)
{
    QblkWatchRow *row = add_row(layout);
    add_plain(layout, row, "  ");
    add_text(layout, row, QBLK_STYLE_STRONG, disk->target);
    if (disk->remark != NULL) {
        add_plain(layout, row, "  ");
        add_text(layout, row, QBLK_STYLE_DIM, disk->remark);
    }

    for (guint i = 0; i < disk->layers->len; i++) {
        lay_out_layer(layout, disk, i, widths);
    }
    lay_out_jobs(layout, guest, disk->target);
}

static void
lay_out_guest(Layout *layout, const QblkWatchGuest *guest)
{
    QblkWatchRow *row = add_row(layout);
    guint widths[COLUMNS];
    add_text(layout, row, QBLK_STYLE_STRONG, guest->name);
    if (guest->status != NULL) {
        add_plain(layout, row, "  ");
        add_text(layout, row, QBLK_STYLE_PLAIN, guest->status);
    }
    if (guest->address != NULL) {
        add_plain(layout, row, "  ");
        add_text(layout, row, QBLK_STYLE_DIM, guest->address);
    }
    if (guest->problem != NULL) {
        lay_out_problem(layout, guest);
    }

    measure(layout, guest, widths);
    for (guint i = 0; i < guest->disks->len; i++) {
        lay_out_disk(layout, guest, guest->disks->pdata[i], widths);
    }
    for (guint i = 0; i < guest->jobs->len; i++) {
        const QblkWatchJob *job = guest->jobs->pdata[i];
        if (!has_disk(guest, job->target)) {
            lay_out_job(layout, job);
        }
    }
}

static void
lay_out_guests(Layout *layout)
{
    const QblkWatchView *view = layout->view;
    for (guint i = 0; i < view->guests->len; i++) {
        if (i > 0) {
            (void)add_row(layout);
        }
        if (i == view->selected) {
            layout->selected_line = layout->rows->len;
        }
        lay_out_guest(layout, view->guests->pdata[i]);
    }
}

/* ---- the help ---- */

static void
lay_out_help(Layout *layout)
{
    static const char *const lines[] = {
        "q, Ctrl-C    quit",
        "up, down     scroll; also PgUp, PgDn, Home and End",
        "e            scroll the events, or the chains again",
        "Tab, n, p    go to the next or previous VM",
        "space        pause the screen; the VMs are still followed",
        "?            this help; any key leaves it",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        QblkWatchRow *row = add_row(layout);
        add_plain(layout, row, "  ");
        add_plain(layout, row, lines[i]);
    }
}

/* ---- the screen ---- */

/* A bar with @left, and @right if there is space. */
static QblkWatchRow *
new_bar(const Layout *layout, const char *left, const char *right)
{
    QblkWatchRow *row = new_row();
    row->is_bar = TRUE;
    add_plain(layout, row, left);
    guint space = columns_left(layout, row);
    guint needed = right == NULL ? 0 : qblk_fit_width(right) + 2;
    if (right != NULL && space >= needed) {
        add_spaces(layout, row, space - needed + 2);
        add_plain(layout, row, right);
    }
    add_spaces(layout, row, columns_left(layout, row));
    return row;
}

static QblkWatchRow *
new_title(const Layout *layout)
{
    const QblkWatchView *view = layout->view;
    g_autofree char *title =
        g_strdup_printf(" qblk watch: %u VM%s%s", view->guests->len,
                        view->guests->len == 1 ? "" : "s", view->is_paused ? ", paused" : "");
    g_autofree char *time = view->time == NULL ? NULL : g_strconcat(view->time, " ", NULL);
    return new_bar(layout, title, time);
}

static void
lay_out_entry(Layout *layout, const QblkWatchEntry *entry)
{
    QblkWatchRow *row = add_row(layout);
    add_text(layout, row, QBLK_STYLE_DIM, entry->time);
    add_plain(layout, row, " ");
    add_text(layout, row, QBLK_STYLE_PLAIN, entry->text);
}

/* How many lines of @height the events get, without their heading.  Up to a third, or what the
 * guests leave. */
static guint
choose_event_height(guint height, guint guest_lines)
{
    guint least = height / 3;
    guint spare = height > guest_lines + 1 ? height - guest_lines - 1 : 0;
    return height < 6 ? 0 : MAX(least, spare);
}

/* Scroll the guests to where something is shown.  Returns: the first line */
static guint
choose_top(const Layout *layout, const QblkWatchPage *page)
{
    QblkWatchView *view = layout->view;
    guint most =
        page->guest_lines > page->guest_height ? page->guest_lines - page->guest_height : 0;
    if (view->is_selected) {
        view->top = layout->selected_line;
    }
    view->top = MIN(view->top, most);
    return view->top;
}

static void
lay_out_events(Layout *layout, const QblkWatchPage *page)
{
    QblkWatchView *view = layout->view;
    guint most =
        page->event_lines > page->event_height ? page->event_lines - page->event_height : 0;
    view->back = MIN(view->back, most);
    guint end = page->event_lines - view->back;
    guint first = end > page->event_height ? end - page->event_height : 0;

    g_autofree char *more = view->back == 0 ? NULL : g_strdup_printf("%u newer ", view->back);
    const char *hint =
        view->is_on_events ? " Events (e: scroll the chains)" : " Events (e: scroll them)";
    gboolean is_choice = page->guest_lines > page->guest_height;
    g_ptr_array_add(layout->rows, new_bar(layout, is_choice ? hint : " Events", more));
    for (guint i = first; i < end; i++) {
        lay_out_entry(layout, view->entries->pdata[i]);
    }
    for (guint i = end - first; i < page->event_height; i++) {
        (void)add_row(layout);
    }
}

/* @body: all lines of the guests, or of the help */
static void
place_body(Layout *layout, GPtrArray *body, const QblkWatchPage *page)
{
    guint top = layout->view->has_help ? 0 : choose_top(layout, page);
    for (guint i = 0; i < page->guest_height; i++) {
        gpointer row = top + i < body->len ? g_steal_pointer(&body->pdata[top + i]) : new_row();
        g_ptr_array_add(layout->rows, row);
    }
}

static void
free_placed_row(gpointer data)
{
    if (data != NULL) {
        free_row(data);
    }
}

GPtrArray *
qblk_watch_layout(QblkWatchView *view, const QblkTerminal *terminal, guint width, guint height,
                  QblkWatchPage *page)
{
    g_autoptr(GPtrArray) body = g_ptr_array_new_with_free_func(free_placed_row);
    Layout layout = {.view = view, .terminal = terminal, .width = width, .rows = body};
    guint middle = height > 2 ? height - 2 : 0;

    if (view->has_help) {
        lay_out_help(&layout);
    } else {
        lay_out_guests(&layout);
    }
    *page = (QblkWatchPage){.guest_lines = body->len, .event_lines = view->entries->len};
    page->event_height = view->has_help ? 0 : choose_event_height(middle, body->len);
    page->guest_height = page->event_height == 0 ? middle : middle - page->event_height - 1;

    layout.rows = g_ptr_array_new_with_free_func(free_row);
    g_ptr_array_add(layout.rows, new_title(&layout));
    place_body(&layout, body, page);
    if (page->event_height > 0) {
        lay_out_events(&layout, page);
    }
    if (height >= 2) {
        g_autofree char *part =
            page->guest_lines > page->guest_height
                ? g_strdup_printf("%u of %u lines ", page->guest_height, page->guest_lines)
                : NULL;
        g_ptr_array_add(layout.rows, new_bar(&layout, " q quit  ? help  space pause", part));
    }
    return layout.rows;
}
