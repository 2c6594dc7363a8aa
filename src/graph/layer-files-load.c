/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/const-cast.h"
#include "graph/file-match.h"
#include "graph/layer-file.h"
#include "image/process.h"

#include <string.h>

#define FDSET                 "/dev/fdset/"
#define REPLACEMENT_CHARACTER "\xef\xbf\xbd" /* for bytes that are not UTF-8 */
#define MOST_NAME_BYTES       4094           /* QEMU cuts longer names off */

/* ---- names ---- */

gboolean
qblk_layer_file_applies(const QblkNode *node)
{
    static const char *const drivers[] = {"file", "host_device", "host_cdrom", "io_uring"};

    for (gsize i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (g_str_equal(node->driver, drivers[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Returns: (transfer full) (nullable): the name that QEMU opens, NULL if it is not complete */
static char *
get_name(const QblkNode *node)
{
    g_autofree char *name = NULL;
    if (g_str_has_prefix(node->filename, "json:")) {
        const char *text = node->filename + strlen("json:");
        g_autoptr(QblkJson) options = qblk_json_parse(text, strlen(text), NULL);
        name = g_strdup(qblk_json_get_string(options, "filename"));
    } else {
        name = g_strdup(node->filename);
    }

    if (name == NULL || name[0] == '\0' || node->had_secrets || strlen(name) > MOST_NAME_BYTES ||
        strstr(name, REPLACEMENT_CHARACTER) != NULL) {
        return NULL;
    }
    return g_steal_pointer(&name);
}

void
qblk_layer_files_look_up(QblkOpenedFiles *opened, const GPtrArray *nodes)
{
    for (guint i = 0; i < nodes->len; i++) {
        const QblkNode *node = nodes->pdata[i];
        g_autofree char *name = qblk_layer_file_applies(node) ? get_name(node) : NULL;
        if (name != NULL) {
            (void)qblk_opened_files_look_up(opened, name);
        }
    }
}

typedef struct {
    QblkFileMatch match;
    GHashTable *descriptors; /* id of a set of descriptors -> the first one */
    GHashTable *storage;     /* QblkNode -> the entry of the protocol node below it, or NULL */
} Load;

/* ---- descriptors ---- */

static gboolean
parse_after(const char *name, const char *prefix, gint64 *number)
{
    return g_str_has_prefix(name, prefix) &&
           g_ascii_string_to_signed(name + strlen(prefix), 10, 0, G_MAXINT, number, NULL);
}

/* All descriptors of a set are of one file, with different access modes.  Returns: from ids, owned,
 * to the first descriptor */
static GHashTable *
read_fdsets(const QblkJson *fdsets)
{
    GHashTable *descriptors = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (gsize i = 0; i < qblk_json_length(fdsets); i++) {
        const QblkJson *set = qblk_json_at(fdsets, i);
        const QblkJson *first = qblk_json_at(qblk_json_get(set, "fds"), 0);
        gint64 id, number;
        if (qblk_json_integer(qblk_json_get(set, "fdset-id"), &id) &&
            qblk_json_integer(qblk_json_get(first, "fd"), &number) &&
            !g_hash_table_contains(descriptors, &id)) {
            gint64 *key = g_new(gint64, 1);
            *key = id;
            g_hash_table_insert(descriptors, key, GINT_TO_POINTER((int)number));
        }
    }
    return descriptors;
}

static QblkOpenedFile *
find_in_fdset(const Load *load, gint64 id)
{
    gpointer number;
    return g_hash_table_lookup_extended(load->descriptors, &id, NULL, &number)
               ? qblk_opened_files_find_number(load->match.opened, GPOINTER_TO_INT(number))
               : NULL;
}

static void
find_descriptor(const Load *load, QblkFileEntry *entry)
{
    gint64 number;
    if (entry->name == NULL) {
        return;
    }
    if (parse_after(entry->name, FDSET, &number)) {
        entry->is_descriptor = TRUE;
        entry->file = find_in_fdset(load, number);
    } else if (parse_after(entry->name, "/dev/fd/", &number) ||
               parse_after(entry->name, "/proc/self/fd/", &number)) {
        entry->is_descriptor = TRUE;
        entry->file = qblk_opened_files_find_number(load->match.opened, (int)number);
    }
}

/* ---- the entries ---- */

static void
entry_free(gpointer data)
{
    QblkFileEntry *entry = data;
    g_free(entry->name);
    g_free(entry);
}

/* QEMU reports the options of a raw node only in a `json:` name. */
static gboolean
is_part(const QblkNode *node)
{
    for (guint i = 0; i < node->parents->len; i++) {
        const QblkNode *parent = node->parents->pdata[i];
        if (g_str_equal(parent->driver, "raw") && g_str_has_prefix(parent->filename, "json:")) {
            return TRUE;
        }
    }
    return FALSE;
}

static void
add_entry(Load *load, const QblkNode *node)
{
    QblkFileEntry *entry = g_new0(QblkFileEntry, 1);
    entry->node = node;
    entry->name = get_name(node);
    entry->is_part = is_part(node);
    find_descriptor(load, entry);
    if (entry->name != NULL && !entry->is_descriptor) {
        entry->named = qblk_opened_files_look_up(load->match.opened, entry->name);
    }
    g_ptr_array_add(load->match.entries, entry);
    g_hash_table_insert(load->storage, qblk_const_cast(node), entry);
}

/* The entry of the protocol node below @node.  It is remembered for all nodes in between: NULL at
 * first, because a graph may form a cycle. */
static QblkFileEntry *
find_storage(const Load *load, const QblkNode *node)
{
    g_autoptr(GPtrArray) path = g_ptr_array_new();
    gpointer found = NULL;
    while (node != NULL && !g_hash_table_lookup_extended(load->storage, node, NULL, &found)) {
        g_hash_table_insert(load->storage, qblk_const_cast(node), NULL);
        g_ptr_array_add(path, qblk_const_cast(node));
        node = qblk_node_is(node, QBLK_DRIVER_PROTOCOL) ? NULL : qblk_node_storage(node);
    }

    for (guint i = 0; i < path->len; i++) {
        g_hash_table_insert(load->storage, path->pdata[i], found);
    }
    return found;
}

/* Connect the entries of all layers with their format nodes, and with the layers below. */
static void
connect_entries(const Load *load, const GPtrArray *nodes)
{
    for (guint i = 0; i < nodes->len; i++) {
        const QblkNode *node = nodes->pdata[i];
        QblkFileEntry *upper =
            qblk_node_is(node, QBLK_DRIVER_FORMAT) ? find_storage(load, node) : NULL;
        if (upper == NULL) {
            continue;
        }
        if (upper->format == NULL) {
            upper->format = node;
        }

        QblkFileEntry *lower = find_storage(load, qblk_node_find_child(node, "backing"));
        if (lower != NULL && upper != lower) {
            upper->below = lower;
        }
    }
}

/* ---- the result ---- */

static QblkFileState
get_state(const QblkFileEntry *entry)
{
    if (entry->is_descriptor) {
        return entry->file == NULL ? QBLK_FILE_UNKNOWN : QBLK_FILE_DESCRIPTOR;
    }
    if (entry->name == NULL) {
        return entry->file == NULL ? QBLK_FILE_UNKNOWN : QBLK_FILE_SAME;
    }
    if (!qblk_file_identity_is_known(&entry->named)) {
        return QBLK_FILE_GONE;
    }
    if (entry->file == NULL) {
        return QBLK_FILE_ANOTHER;
    }
    return qblk_file_identity_is_same(&entry->file->file, &entry->named) ? QBLK_FILE_SAME
                                                                         : QBLK_FILE_ANOTHER;
}

/* The path by which QEMU knows the file, or the one that the kernel reports. */
static void
set_path(const QblkFileMatch *match, const QblkFileEntry *entry, QblkLayerFile *file)
{
    g_autofree char *by_name = file->state == QBLK_FILE_SAME && entry->name != NULL
                                   ? qblk_opened_files_absolute(match->opened, entry->name)
                                   : NULL;
    const char *path = by_name != NULL ? by_name : entry->file->path;
    gboolean is_last_name = by_name == NULL && entry->file->is_unlinked;
    if (is_last_name || path == NULL || path[0] != '/' || !g_utf8_validate(path, -1, NULL)) {
        return;
    }

    const QblkFileIdentity found = qblk_opened_files_look_up(match->opened, path);
    if (qblk_file_identity_is_same(&found, &entry->file->file)) {
        file->path = g_strdup(path);
        file->here = qblk_opened_files_here(match->opened, path, &entry->file->file);
    }
}

static QblkLayerFile *
new_result(const QblkFileMatch *match, const QblkFileEntry *entry)
{
    QblkLayerFile *file = g_new0(QblkLayerFile, 1);
    file->state = get_state(entry);
    file->named = entry->named;
    file->named_is_open = qblk_file_identity_is_known(&entry->named) &&
                          qblk_opened_files_find(match->opened, &entry->named) != NULL;
    if (entry->is_descriptor && entry->file == NULL) {
        file->reason = "QEMU does not have that descriptor open";
    }
    if (entry->file != NULL) {
        file->open = entry->file->file;
        file->is_deleted = entry->file->is_deleted;
        set_path(match, entry, file);
    }
    return file;
}

static GHashTable *
make_results(const QblkFileMatch *match, gboolean is_known)
{
    GHashTable *results =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)qblk_layer_file_free);
    for (guint i = 0; i < match->entries->len; i++) {
        const QblkFileEntry *entry = match->entries->pdata[i];
        QblkLayerFile *file = is_known ? new_result(match, entry) : g_new0(QblkLayerFile, 1);
        if (!is_known) {
            file->state = QBLK_FILE_UNKNOWN;
        }
        g_hash_table_insert(results, entry->node->name, file);
    }
    return results;
}

static char *
describe_relay(const QblkOpenedFiles *opened)
{
    g_autofree char *process = qblk_process_describe(opened->pid);
    return g_strdup_printf("%s, which serves the monitor, has none of the images open: it may be a "
                           "relay",
                           process);
}

GHashTable *
qblk_layer_files_load(const GPtrArray *nodes, QblkOpenedFiles *opened, const QblkJson *fdsets,
                      char **unknown)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
    g_autoptr(GHashTable) descriptors = read_fdsets(fdsets);
    g_autoptr(GHashTable) storage = g_hash_table_new(g_direct_hash, g_direct_equal);
    Load load = {
        .match = {.opened = opened, .entries = entries},
        .descriptors = descriptors,
        .storage = storage,
    };

    for (guint i = 0; i < nodes->len; i++) {
        if (qblk_layer_file_applies(nodes->pdata[i])) {
            add_entry(&load, nodes->pdata[i]);
        }
    }
    connect_entries(&load, nodes);

    gboolean is_known = FALSE;
    *unknown = g_strdup(opened->unknown);
    if (opened->unknown == NULL) {
        is_known = qblk_file_match_find(&load.match);
    }
    if (!is_known && *unknown == NULL && entries->len > 0) {
        *unknown = describe_relay(opened);
    }
    return make_results(&load.match, is_known);
}
