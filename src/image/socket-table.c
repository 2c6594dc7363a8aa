/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/socket-table.h"

#include <string.h>
#include <unistd.h>

/* The fields of a line, from 0: see proc_pid_net(5). */
#define UNIX_FLAGS    3
#define UNIX_STATE    5
#define UNIX_INODE    6
#define UNIX_PATH     7
#define TCP_LOCAL     1
#define TCP_STATE     3
#define TCP_INODE     9
#define ADDRESS_WORDS 4 /* of an IPv6 address; one of an IPv4 address */
#define WORD_DIGITS   8
#define TARGET_BYTES  64 /* of a link of a socket: "socket:[12]" */

static void
socket_free(gpointer data)
{
    QblkSocket *entry = data;

    g_free(entry->name);
    g_free(entry->path);
    g_free(entry);
}

/* ---- lines ---- */

/* Returns: (nullable): where the field @number of @line begins */
static const char *
find_field(const char *line, guint number)
{
    const char *at = line + strspn(line, " ");

    for (guint i = 0; i < number; i++) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return *at == '\0' ? NULL : at;
}

/* Returns: (transfer full): the field, which ends at a space; empty if it does not exist */
static char *
get_field(const char *line, guint number)
{
    const char *at = find_field(line, number);
    return at == NULL ? g_strdup("") : g_strndup(at, strcspn(at, " "));
}

static char *
name_of(const char *line, guint field)
{
    g_autofree char *inode = get_field(line, field);
    return g_strdup_printf("socket:[%s]", inode);
}

/* A server has SO_ACCEPTCON in its flags; the state is one of enum socket_state. */
static QblkSocketState
unix_state(const char *line)
{
    g_autofree char *flags = get_field(line, UNIX_FLAGS);
    g_autofree char *state = get_field(line, UNIX_STATE);

    if (g_str_equal(flags, "00010000")) {
        return QBLK_SOCKET_LISTENS;
    }
    if (g_str_equal(state, "03")) {
        return QBLK_SOCKET_CONNECTED;
    }
    return g_str_equal(state, "02") ? QBLK_SOCKET_WAITS : QBLK_SOCKET_OTHER;
}

static QblkSocketState
tcp_state(const char *line)
{
    g_autofree char *state = get_field(line, TCP_STATE);

    if (g_str_equal(state, "0A")) {
        return QBLK_SOCKET_LISTENS;
    }
    return g_str_equal(state, "01") ? QBLK_SOCKET_CONNECTED : QBLK_SOCKET_OTHER;
}

GPtrArray *
qblk_socket_table_read_unix(const char *table)
{
    GPtrArray *sockets = g_ptr_array_new_with_free_func(socket_free);
    g_auto(GStrv) lines = g_strsplit(table, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        const char *path = find_field(lines[i], UNIX_PATH);
        if (path != NULL) {
            QblkSocket *entry = g_new0(QblkSocket, 1);
            entry->state = unix_state(lines[i]);
            entry->name = name_of(lines[i], UNIX_INODE);
            entry->path = g_strdup(path);
            g_ptr_array_add(sockets, entry);
        }
    }
    return sockets;
}

/* ---- addresses ---- */

void
qblk_socket_table_map_ipv4(struct in6_addr *address, const void *bytes)
{
    *address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&address->s6_addr[12], bytes, sizeof(struct in_addr));
}

/* Read "0100007F:1F90": each word has the bytes of the address in the order of this machine. */
static gboolean
read_address(const char *text, QblkSocket *entry)
{
    guint32 words[ADDRESS_WORDS];
    gsize length = strcspn(text, ":");
    gsize count = length / WORD_DIGITS;
    guint64 value = 0;
    if (count != 1 && count != ADDRESS_WORDS) {
        return FALSE;
    }

    for (gsize i = 0; i < count; i++) {
        g_autofree char *word = g_strndup(text + i * WORD_DIGITS, WORD_DIGITS);
        if (!g_ascii_string_to_unsigned(word, 16, 0, G_MAXUINT32, &value, NULL)) {
            return FALSE;
        }
        words[i] = (guint32)value;
    }
    if (count == 1) {
        qblk_socket_table_map_ipv4(&entry->address, words);
    } else {
        memcpy(&entry->address, words, sizeof(words));
    }

    gboolean has_port =
        text[length] == ':' &&
        g_ascii_string_to_unsigned(text + length + 1, 16, 1, G_MAXUINT16, &value, NULL);
    entry->port = has_port ? (guint16)value : 0;
    return has_port;
}

GPtrArray *
qblk_socket_table_read_tcp(const char *table)
{
    GPtrArray *sockets = g_ptr_array_new_with_free_func(socket_free);
    g_auto(GStrv) lines = g_strsplit(table, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        g_autofree char *local = get_field(lines[i], TCP_LOCAL);
        QblkSocket found = {.state = tcp_state(lines[i])};
        if (read_address(local, &found)) {
            QblkSocket *entry = g_new0(QblkSocket, 1);
            *entry = found;
            entry->name = name_of(lines[i], TCP_INODE);
            g_ptr_array_add(sockets, entry);
        }
    }
    return sockets;
}

/* ---- a process ---- */

GHashTable *
qblk_socket_table_find_own(const char *directory)
{
    g_autoptr(GDir) files = g_dir_open(directory, 0, NULL);
    const char *name = NULL;
    if (files == NULL) {
        return NULL;
    }

    GHashTable *own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    while ((name = g_dir_read_name(files)) != NULL) {
        char target[TARGET_BYTES];
        g_autofree char *path = g_build_filename(directory, name, NULL);
        ssize_t length = readlink(path, target, sizeof(target));
        if (length > 0 && g_str_has_prefix(target, "socket:")) {
            g_hash_table_add(own, g_strndup(target, (gsize)length));
        }
    }
    return own;
}
