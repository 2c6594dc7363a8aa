/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What it takes in one process to make XML of a capture, or to parse its text with jansson.
 *
 * usage: in-process xml|json FILE [MILLISECONDS]
 *
 * A child reads the file and repeats for MILLISECONDS, at least once.  It prints
 *
 *     MICROSECONDS PEAK-KIB BYTES
 *
 * MICROSECONDS is the median of the processor time, which other programs hardly change.  PEAK-KIB
 * is what the child had in memory at most, the text included, minus that of a child that does
 * nothing.  BYTES is the length of the output; json has none.
 */
#include <jansson.h>
#include <qblk/qblk.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Returns: the length of the output; 0 if it failed */
typedef gsize (*Way)(GBytes *text);

static gsize
load_json(GBytes *text)
{
    gsize length;
    const char *data = g_bytes_get_data(text, &length);
    json_t *value = json_loadb(data, length, 0, NULL);
    gsize size = json_object_size(value);

    json_decref(value);
    return size;
}

static char *
write_xml(GBytes *text, GError **error)
{
    g_autoptr(QblkCapture) capture = qblk_capture_parse_bytes(text, error);
    g_autoptr(QblkSnapshot) snapshot =
        capture == NULL ? NULL : qblk_snapshot_load(capture, NULL, error);
    if (snapshot == NULL) {
        return NULL;
    }
    g_clear_pointer(&capture, qblk_capture_unref); /* as the command does */

    g_autoptr(GPtrArray) chains = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_unref);
    for (const char *const *at = qblk_snapshot_get_targets(snapshot); *at != NULL; at++) {
        QblkChain *chain = qblk_snapshot_chain(snapshot, *at, error);
        if (chain == NULL) {
            return NULL;
        }
        g_ptr_array_add(chains, chain);
    }
    return qblk_disk_all_to_xml((const QblkChain *const *)chains->pdata, chains->len, error);
}

static gsize
make_xml(GBytes *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = write_xml(text, &error);
    if (xml == NULL) {
        fprintf(stderr, "in-process: %s\n", error->message);
        return 0;
    }
    return strlen(xml);
}

static int
compare_times(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *)a;
    gint64 right = *(const gint64 *)b;

    return (left > right) - (left < right);
}

static gint64
processor_time(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

/* In a process of its own. */
static void
repeat(Way way, const char *path, gint64 milliseconds, int out)
{
    char *content = NULL;
    gsize length = 0;
    if (!g_file_get_contents(path, &content, &length, NULL)) {
        fprintf(stderr, "in-process: cannot read '%s'\n", path);
        return;
    }

    g_autoptr(GBytes) text = g_bytes_new_take(content, length);
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
    gint64 now = processor_time();
    gint64 end = now + milliseconds * 1000;
    gsize size;
    do {
        gint64 before = now;
        size = way(text);
        now = processor_time();
        gint64 took = now - before;
        g_array_append_val(times, took);
    } while (now < end && size > 0);

    g_array_sort(times, compare_times);
    gint64 result[] = {g_array_index(times, gint64, times->len / 2), (gint64)size};
    if (write(out, result, sizeof result) != sizeof result) {
        _exit(1);
    }
}

/* Run @way in a child; NULL: do nothing.
 *
 * Returns: the peak of its memory in KiB, or 0 if it failed */
static gint64
measure(Way way, const char *path, gint64 milliseconds, gint64 result[2])
{
    int fds[2];
    struct rusage usage = {0};
    int status = 1;
    if (pipe(fds) != 0) {
        return 0;
    }

    pid_t pid = fork();
    if (pid == 0) {
        if (way != NULL) {
            repeat(way, path, milliseconds, fds[1]);
        }
        _exit(0);
    }

    (void)close(fds[1]);
    gssize length = read(fds[0], result, 2 * sizeof *result);
    (void)close(fds[0]);
    (void)wait4(pid, &status, 0, &usage);
    gboolean has_result = way == NULL || (length == 2 * sizeof *result && result[1] > 0);
    return status == 0 && has_result ? usage.ru_maxrss : 0;
}

int
main(int argc, char **argv)
{
    gint64 milliseconds = 0;
    Way way = NULL;
    if (argc >= 3) {
        way = strcmp(argv[1], "xml") == 0 ? make_xml : load_json;
    }
    if (way == NULL ||
        (argc > 3 && !g_ascii_string_to_signed(argv[3], 10, 0, G_MAXINT32, &milliseconds, NULL))) {
        fprintf(stderr, "usage: in-process xml|json FILE [MILLISECONDS]\n");
        return 2;
    }

    gint64 result[2];
    gint64 idle = measure(NULL, NULL, 0, result);
    gint64 peak = measure(way, argv[2], milliseconds, result);
    if (peak == 0) {
        return 1;
    }
    printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", result[0],
           peak - idle, result[1]);
    return 0;
}
