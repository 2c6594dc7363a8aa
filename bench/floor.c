/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The least that a client of QEMU takes: it sends all queries in one write, parses the replies, and
 * prints a line for each node in them.
 *
 * usage: floor QUERY... -- SOCKET...      a QUERY is NAME, or NAME and a space and its arguments
 *
 * Several sockets are served at a time.
 */
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
    const char *path;
    GByteArray *input;
    gsize scanned;
    guint missing; /* replies, and the greeting */
} Guest;

static void G_GNUC_NORETURN
fail(const char *path, const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", path, what);
    exit(1);
}

static int
start(const char *path, const GString *queries)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        write(fd, queries->str, queries->len) != (gssize)queries->len) {
        fail(path, g_strerror(errno));
    }
    return fd;
}

/* The nodes of query-named-block-nodes, the debug graph, or the first ones of query-blockstats. */
static void
print_nodes(const json_t *value)
{
    const json_t *nodes = json_object_get(value, "nodes");
    gsize i;
    json_t *node;
    json_array_foreach(nodes == NULL ? value : nodes, i, node)
    {
        const char *name =
            json_string_value(json_object_get(node, nodes == NULL ? "node-name" : "name"));
        const char *file = json_string_value(json_object_get(node, "file"));
        if (name != NULL) {
            printf("%s %s\n", name, file == NULL ? "-" : file);
        }
    }
}

static void
take_message(Guest *guest, const char *text, gsize length)
{
    json_error_t error;
    json_t *message = json_loadb(text, length, 0, &error);
    if (message == NULL || json_object_get(message, "error") != NULL) {
        fail(guest->path, message == NULL ? error.text : text);
    }

    if (json_object_get(message, "event") == NULL) {
        guest->missing--;
        print_nodes(json_object_get(message, "return"));
    }
    json_decref(message);
}

static void
receive(Guest *guest, int fd)
{
    GByteArray *input = guest->input;
    const guint room = 1 << 16;
    g_byte_array_set_size(input, input->len + room);
    gssize length = read(fd, input->data + input->len - room, room);
    if (length <= 0) {
        fail(guest->path, "no more input");
    }
    g_byte_array_set_size(input, input->len - room + (guint)length);

    const guint8 *end;
    gsize begin = 0;
    while ((end = memchr(input->data + guest->scanned, '\n', input->len - guest->scanned)) !=
           NULL) {
        gsize next = (gsize)(end - input->data) + 1;
        take_message(guest, (const char *)input->data + begin, next - begin);
        begin = guest->scanned = next;
    }
    g_byte_array_remove_range(input, 0, (guint)begin);
    guest->scanned = input->len;
}

int
main(int argc, char **argv)
{
    g_autoptr(GString) queries = g_string_new("{\"execute\":\"qmp_capabilities\"}");
    guint messages = 2;
    int at = 1;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++, messages++) {
        const char *arguments = strchr(argv[at], ' ');
        gsize length = arguments == NULL ? strlen(argv[at]) : (gsize)(arguments - argv[at]);
        g_string_append_printf(queries, "{\"execute\":\"%.*s\",\"arguments\":%s}", (int)length,
                               argv[at], arguments == NULL ? "{}" : arguments + 1);
    }

    guint count = argc > at ? (guint)(argc - at - 1) : 0;
    g_autofree Guest *guests = g_new0(Guest, count);
    g_autofree struct pollfd *fds = g_new0(struct pollfd, count);
    for (guint i = 0; i < count; i++) {
        guests[i] = (Guest){argv[at + 1 + (int)i], g_byte_array_new(), 0, messages};
        fds[i] = (struct pollfd){start(guests[i].path, queries), POLLIN, 0};
    }

    for (guint open = count; open > 0;) {
        (void)poll(fds, count, -1);
        for (guint i = 0; i < count; i++) {
            if (fds[i].revents != 0) {
                receive(&guests[i], fds[i].fd);
            }
            if (fds[i].fd >= 0 && guests[i].missing == 0) {
                (void)close(fds[i].fd);
                fds[i].fd = -1;
                open--;
            }
        }
    }
    for (guint i = 0; i < count; i++) {
        g_byte_array_unref(guests[i].input);
    }
    return 0;
}
