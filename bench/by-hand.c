/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands and events in a given order: what a user who knows the graph sends for a block job.
 *
 * usage: by-hand SOCKET STEP...
 *
 * A STEP is a command as JSON, whose reply is waited for and must not be an error, or `JOB STATUS`:
 * wait for that JOB_STATUS_CHANGE, which may have come before.
 */
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
    int fd;
    FILE *input;
    GHashTable *events; /* "JOB STATUS" */
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

/* Read a message.  Returns: TRUE if it is a reply, FALSE if it is an event or the greeting */
static gboolean
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
    gboolean is_reply = json_object_get(message, "return") != NULL;
    note_event(monitor, message);
    json_decref(message);
    return is_reply;
}

static void
send_command(Monitor *monitor, const char *command)
{
    gsize length = strlen(command);
    if (write(monitor->fd, command, length) != (gssize)length) {
        fail(command, g_strerror(errno));
    }
    while (!read_message(monitor, command)) {
    }
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fail("usage", "by-hand SOCKET STEP...");
    }

    Monitor monitor = open_monitor(argv[1]);
    send_command(&monitor, "{\"execute\":\"qmp_capabilities\"}");
    for (int i = 2; i < argc; i++) {
        if (argv[i][0] == '{') {
            send_command(&monitor, argv[i]);
            continue;
        }
        while (!g_hash_table_contains(monitor.events, argv[i])) {
            (void)read_message(&monitor, argv[i]);
        }
    }

    g_hash_table_unref(monitor.events);
    (void)fclose(monitor.input);
    return 0;
}
