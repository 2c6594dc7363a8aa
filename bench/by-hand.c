/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands and events in a given order: what a user who knows the graph sends, or what qblk has
 * sent.
 *
 * usage: by-hand SOCKET STEP...
 *
 * A STEP is
 *
 *     commands as JSON, one a line: send them in one write, and wait for as many replies, of which
 *         none may be an error
 *     `greeting`: wait for it
 *     `JOB STATUS`: wait for that JOB_STATUS_CHANGE, which may have come before
 *     `files`: look at the files that QEMU has open, while it executes the next commands
 *     `journal FILE`: append a record, and wait until it is on the disk
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef enum { MESSAGE_EVENT, MESSAGE_GREETING, MESSAGE_REPLY } Message;

typedef struct {
    int fd;
    FILE *input;
    gboolean is_greeted;
    gboolean looks_at_files; /* with the next commands */
    GHashTable *events;      /* "JOB STATUS" */
} Monitor;

static void G_GNUC_NORETURN
fail(const char *what, const char *why)
{
    fprintf(stderr, "by-hand: %s: %s\n", what, why);
    exit(1);
}

static Monitor
open_monitor(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        fail(path, g_strerror(errno));
    }

    return (Monitor){
        .fd = fd,
        .input = fdopen(fd, "r"),
        .events = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
}

/* ---- messages ---- */

static void
note_event(Monitor *monitor, const json_t *message)
{
    const json_t *data = json_object_get(message, "data");
    const char *job = json_string_value(json_object_get(data, "id"));
    const char *status = json_string_value(json_object_get(data, "status"));

    if (job != NULL && status != NULL) {
        g_hash_table_add(monitor->events, g_strconcat(job, " ", status, NULL));
    }
}

static Message
read_message(Monitor *monitor, const char *step)
{
    g_autofree char *line = NULL;
    gsize size = 0;
    if (getline(&line, &size, monitor->input) < 0) {
        fail(step, "no more input");
    }

    json_t *message = json_loads(line, 0, NULL);
    if (message == NULL || json_object_get(message, "error") != NULL) {
        fail(step, line);
    }
    Message kind = json_object_get(message, "return") != NULL ? MESSAGE_REPLY
                   : json_object_get(message, "QMP") != NULL  ? MESSAGE_GREETING
                                                              : MESSAGE_EVENT;
    note_event(monitor, message);
    monitor->is_greeted = monitor->is_greeted || kind == MESSAGE_GREETING;
    json_decref(message);
    return kind;
}

/* ---- steps ---- */

/* What qblk reads of an open file, to know which one a node has. */
static void
look_at_file(int directory, const char *number)
{
    char text[4096];
    struct stat status;
    if (fstatat(directory, number, &status, 0) != 0 || !S_ISREG(status.st_mode)) {
        return;
    }

    gssize length = readlinkat(directory, number, text, sizeof text - 1);
    if (length < 0) {
        fail(number, g_strerror(errno));
    }
    text[length] = '\0';
    (void)stat(text, &status);

    int fd = openat(directory, number, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        length = pread(fd, text, sizeof text, 0);
        (void)close(fd);
    }
    if (length < 0) {
        fail(number, g_strerror(errno));
    }
}

static void
look_at_files(const Monitor *monitor)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(monitor->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        fail("SO_PEERCRED", g_strerror(errno));
    }

    g_autofree char *path = g_strdup_printf("/proc/%d/fd", (int)peer.pid);
    DIR *descriptors = opendir(path);
    if (descriptors == NULL) {
        fail(path, g_strerror(errno));
    }
    for (const struct dirent *entry; (entry = readdir(descriptors)) != NULL;) {
        if (entry->d_name[0] != '.') {
            look_at_file(dirfd(descriptors), entry->d_name);
        }
    }
    (void)closedir(descriptors);
}

static void
execute(Monitor *monitor, const char *commands)
{
    gsize length = strlen(commands);
    if (write(monitor->fd, commands, length) != (gssize)length) {
        fail(commands, g_strerror(errno));
    }
    if (monitor->looks_at_files) {
        look_at_files(monitor);
        monitor->looks_at_files = FALSE;
    }

    for (const char *line = commands; line != NULL; line = strchr(line + 1, '\n')) {
        while (read_message(monitor, commands) != MESSAGE_REPLY) {
        }
    }
}

static void
add_record(const char *path)
{
    static const char record[] = "{\"step\":\"by hand\"}\n";
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, record, sizeof record - 1) < 0 || fdatasync(fd) != 0) {
        fail(path, g_strerror(errno));
    }
    (void)close(fd);
}

static void
do_step(Monitor *monitor, const char *step)
{
    if (step[0] == '{') {
        execute(monitor, step);
    } else if (g_str_equal(step, "files")) {
        monitor->looks_at_files = TRUE;
    } else if (g_str_equal(step, "greeting")) {
        while (!monitor->is_greeted) {
            (void)read_message(monitor, step);
        }
    } else if (g_str_has_prefix(step, "journal ")) {
        add_record(step + strlen("journal "));
    } else {
        while (!g_hash_table_remove(monitor->events, step)) {
            (void)read_message(monitor, step);
        }
    }
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fail("usage", "by-hand SOCKET STEP...");
    }

    Monitor monitor = open_monitor(argv[1]);
    for (int i = 2; i < argc; i++) {
        do_step(&monitor, argv[i]);
    }

    g_hash_table_unref(monitor.events);
    (void)fclose(monitor.input);
    return 0;
}
