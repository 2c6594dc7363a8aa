/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/layer-file.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

/* Nodes, the files that a process has open, and the result.
 *
 * nodes: as graph_fixture_machine() reads them
 * states: NODE:ro:LENGTH:ALLOCATED of protocol nodes; others write, and have no size
 * files: DESCRIPTOR INODE PATH [qcow2] [backed] [below=INODE] [size=LENGTH:ALLOCATED] [w]
 * [unlinked] [deleted]; two lines with an inode are a file that is open twice
 * names: NAME=INODE; other names do not exist
 * expected: NODE STATE INODE PATH, of all protocol nodes in their order; - for a missing path */
typedef struct {
    const char *what;
    const char *nodes;
    const char *states;
    const char *files;
    const char *names;
    const char *expected;
} Row;

#define CHAIN(a, b, c)                                                                             \
    "c-file file " c "\nc qcow2 " c " file=c-file\n"                                               \
    "b-file file " b "\nb qcow2 " b " file=b-file backing=c\n"                                     \
    "a-file file " a "\na qcow2 " a " file=a-file backing=b\n"
#define ONE(name) "a-file file " name "\na raw " name " file=a-file\n"
#define THREE                                                                                      \
    "3 1 /d/a qcow2 below=2 size=900:4096 w\n4 2 /d/b qcow2 below=3 size=1000:8192\n"              \
    "5 3 /d/c qcow2 size=2000:8192\n"
#define SIZES "a-file:rw:1024:4096 b-file:ro:1024:8192 c-file:ro:2048:8192"

static const Row rows[] = {
    {"names that lead to the open files", CHAIN("/d/a", "/d/b", "/d/c"), SIZES, THREE,
     "/d/a=1 /d/b=2 /d/c=3", "c-file same 3 /d/c\nb-file same 2 /d/b\na-file same 1 /d/a\n"},
    {"a relative name", ONE("sub/a"), "", "3 1 /d/sub/a\n", "sub/a=1 /d/sub/a=1",
     "a-file same 1 /d/sub/a\n"},
    {"a link, whose own path is kept", ONE("/d/link"), "", "3 1 /e/real\n", "/d/link=1 /e/real=1",
     "a-file same 1 /d/link\n"},
    {"a file that is open once and named by a node that has another one",
     CHAIN("/d/a", "/d/b", "/d/c"), SIZES, THREE, "/d/a=1 /d/b=9 /d/c=3",
     "c-file same 3 /d/c\nb-file another-file 2 -\na-file same 1 /d/a\n"},
    {"a file that was renamed", CHAIN("/d/a", "/d/b", "/d/c"), SIZES,
     "3 1 /d/a qcow2 below=2 w\n4 2 /d/old qcow2 below=3\n5 3 /d/c qcow2\n",
     "/d/a=1 /d/old=2 /d/c=3", "c-file same 3 /d/c\nb-file gone 2 /d/old\na-file same 1 /d/a\n"},
    {"a file that was renamed, which no header proves: its size does",
     CHAIN("/d/a", "/d/b", "/d/c"), SIZES,
     "3 1 /d/a qcow2 backed w\n4 2 /d/old qcow2 backed size=1000:8192\n5 3 /d/c qcow2 "
     "size=2000:8192\n",
     "/d/a=1 /d/old=2 /d/c=3", "c-file same 3 /d/c\nb-file gone 2 /d/old\na-file same 1 /d/a\n"},
    {"a file that was renamed, which its format tells from another one of its size",
     CHAIN("/d/a", "/d/b", "/d/c"), SIZES,
     "3 1 /d/a qcow2 backed w\n4 2 /d/old qcow2 backed size=1000:8192\n5 3 /d/c qcow2 "
     "size=2000:8192\n"
     "6 4 /d/firmware size=1000:8192\n",
     "/d/a=1 /d/old=2 /d/c=3", "c-file same 3 /d/c\nb-file gone 2 /d/old\na-file same 1 /d/a\n"},
    {"a file that was renamed, which nothing proves", CHAIN("/d/a", "/d/b", "/d/c"), SIZES,
     "3 1 /d/a qcow2 backed w\n4 2 /d/old qcow2 backed size=1000:4096\n5 3 /d/c qcow2 "
     "size=2000:8192\n",
     "/d/a=1 /d/old=2 /d/c=3", "c-file same 3 /d/c\nb-file gone 0 -\na-file same 1 /d/a\n"},
    {"a deleted file", ONE("/d/a"), "", "3 1 /d/a deleted\n", "", "a-file gone 1 -\n"},
    {"a deleted file with another in its place", ONE("/d/a"), "", "3 1 /d/a deleted\n", "/d/a=2",
     "a-file another-file 1 -\n"},
    {"a deleted file in a directory that the name reaches through a link", ONE("/l/a"), "",
     "3 1 /d/a deleted\n", "/l=7 /d=7", "a-file gone 1 -\n"},
    {"a deleted file of that name in another directory", ONE("/l/a") "o-file file /d/o\n", "",
     "3 1 /d/a deleted\n4 8 /d/o\n", "/l=6 /d=7 /d/o=8", "a-file gone 0 -\no-file same 8 /d/o\n"},
    {"a name that was removed from a file with another name", ONE("/d/a"), "",
     "3 1 /d/a unlinked\n", "/d/link=1", "a-file gone 1 -\n"},
    {"two deleted files with one name, told apart by their sizes",
     "b-file file /d/x\nb qcow2 /d/x file=b-file\na-file file /d/x\n"
     "a qcow2 /d/x file=a-file backing=b\n",
     "a-file:rw:1024:4096 b-file:ro:1024:8192",
     "3 1 /d/x qcow2 backed size=900:4096 w deleted\n4 2 /d/x qcow2 size=1000:8192 deleted\n", "",
     "b-file gone 2 -\na-file gone 1 -\n"},
    {"two deleted files with one name and size",
     "b-file file /d/x\nb qcow2 /d/x file=b-file\na-file file /d/x\n"
     "a qcow2 /d/x file=a-file\n",
     "a-file:rw:1024:4096 b-file:rw:1024:4096",
     "3 1 /d/x qcow2 size=900:4096 deleted\n4 2 /d/x qcow2 size=900:4096 deleted\n", "",
     "b-file gone 0 -\na-file gone 0 -\n"},
    {"a deleted file whose name another layer has now",
     "b-file file /d/x\nb qcow2 /d/x file=b-file\na-file file /d/x\n"
     "a qcow2 /d/x file=a-file backing=b\n",
     "a-file:rw:1024:4096 b-file:ro:1024:8192",
     "3 1 /d/x qcow2 backed size=900:4096 w\n4 2 /d/x qcow2 size=1000:8192 deleted\n", "/d/x=1",
     "b-file another-file 2 -\na-file same 1 /d/x\n"},
    {"a set of descriptors", ONE("/dev/fdset/7"), "", "4 9 /d/pid\n5 1 /d/a\n", "/d/a=1",
     "a-file descriptor 1 /d/a\n"},
    {"a set that does not exist", ONE("/dev/fdset/8") "o-file file /d/o\n", "",
     "5 1 /d/a\n4 2 /d/o\n", "/d/a=1 /d/o=2", "a-file unknown 0 -\no-file same 2 /d/o\n"},
    {"a descriptor of a deleted file", ONE("/dev/fdset/7"), "", "5 1 /d/a deleted\n", "",
     "a-file descriptor 1 -\n"},
    {"a descriptor by its number", ONE("/dev/fd/5"), "", "4 9 /d/pid\n5 1 /d/a\n",
     "/d/a=1 /dev/fd/5=4", "a-file descriptor 1 /d/a\n"},
    {"a descriptor by its number in /proc", ONE("/proc/self/fd/5"), "", "5 1 /d/a\n",
     "/d/a=1 /proc/self/fd/5=4", "a-file descriptor 1 /d/a\n"},
    {"one file in two nodes, which is open twice", "a-file file /d/a\nb-file file /d/link\n", "",
     "3 1 /d/a\n4 1 /d/a\n", "/d/a=1 /d/link=1", "a-file same 1 /d/a\nb-file same 1 /d/link\n"},
    {"a renamed chain with one name, by its headers", CHAIN("/d/x", "/d/x", "/d/x"), "",
     "3 1 /d/x qcow2 below=2 w\n4 2 /d/s2 qcow2 below=3 w\n5 3 /d/s1 qcow2 w\n",
     "/d/x=1 /d/s2=2 /d/s1=3",
     "c-file another-file 3 /d/s1\nb-file another-file 2 /d/s2\na-file same 1 /d/x\n"},
    {"the same if a header leads elsewhere", CHAIN("/d/x", "/d/x", "/d/x"), "",
     "3 1 /d/x qcow2 below=2 w\n4 2 /d/s2 qcow2 below=9 w\n5 3 /d/s1 qcow2 w\n",
     "/d/x=1 /d/s2=2 /d/s1=3",
     "c-file another-file 0 -\nb-file another-file 0 -\na-file another-file 0 -\n"},
    {"the same if two chains fit", CHAIN("/d/x", "/d/x", "/d/x"), "",
     "3 1 /d/x qcow2 below=2 w\n4 2 /d/s2 qcow2 below=3 w\n5 3 /d/s1 qcow2 w\n"
     "6 4 /d/y qcow2 below=2 w\n",
     "/d/x=1 /d/s2=2 /d/s1=3 /d/y=4",
     "c-file another-file 0 -\nb-file another-file 0 -\na-file another-file 0 -\n"},
    {"names that were exchanged, by the access of the descriptors",
     "b-file file /d/b\na-file file /d/a\n", "a-file:rw:1024:4096 b-file:ro:1024:4096",
     "3 1 /d/b size=1024:4096 w\n4 2 /d/a size=1024:4096\n", "/d/b=1 /d/a=2",
     "b-file another-file 2 /d/a\na-file another-file 1 /d/b\n"},
    {"names that were exchanged, by the sizes", CHAIN("/d/a", "/d/b", "/d/c"), SIZES,
     "3 1 /d/a qcow2 backed w\n4 2 /d/c qcow2 backed size=1000:8192\n5 3 /d/b qcow2 "
     "size=2000:8192\n",
     "/d/a=1 /d/b=3 /d/c=2",
     "c-file another-file 3 /d/b\nb-file another-file 2 /d/c\na-file same 1 /d/a\n"},
    {"a relay", ONE("/d/a"), "", "3 9 /d/script size=100:4096\n", "/d/a=1", "a-file unknown 0 -\n"},
    {"a relay with a file of the format", CHAIN("/d/a", "/d/b", "/d/c"), SIZES,
     "3 9 /d/other qcow2 size=7000:4096 w\n", "/d/a=1 /d/b=2 /d/c=3",
     "c-file unknown 0 -\nb-file unknown 0 -\na-file unknown 0 -\n"},
    {"files that are not images", ONE("/d/a"), "a-file:rw:1048576:4096",
     "3 9 /d/pid size=6:4096\n4 8 /d/log size=0:0\n5 1 /d/moved size=1048576:4096 w\n",
     "/d/moved=1", "a-file gone 1 /d/moved\n"},
    {"a base that QEMU reads, with a file that it only writes to", ONE("/d/a") "o-file file /d/o\n",
     "a-file:ro:1024:4096", "3 9 /d/other size=1024:4096 w\n4 2 /d/o w\n", "/d/o=2",
     "a-file gone 0 -\no-file same 2 /d/o\n"},
    {"`json:` names",
     "a-file file json:{\"driver\":\"file\",\"locking\":\"off\",\"filename\":"
     "\"/d/a\"}\n",
     "", "3 1 /d/a\n", "/d/a=1", "a-file same 1 /d/a\n"},
    {"a name with bytes that are not UTF-8", "a-file file /d/\357\277\275\no-file file /d/o\n", "",
     "3 1 /d/a\n4 2 /d/o\n", "/d/o=2 /d/\357\277\275=1",
     "a-file unknown 0 -\no-file same 2 /d/o\n"},
    {"a block device", "a-file host_device /dev/one\n", "", "3 0 /dev/dm-3\n", "/dev/one=0",
     "a-file same 0 /dev/one\n"},
    {"a character device, which QEMU may have open for other purposes too",
     "b-file file /dev/null\na-file file /d/a\n", "b-file:ro:0:0",
     "0 -1 /dev/null w\n1 -1 /dev/null w\n9 -1 /dev/null\n5 1 /d/a\n", "/dev/null=-1 /d/a=1",
     "b-file same -1 /dev/null\na-file same 1 /d/a\n"},
    {"a process that has only a character device open may be a relay",
     "b-file file /dev/null\na-file file /d/a\n", "", "0 -1 /dev/null w\n", "/dev/null=-1 /d/a=1",
     "b-file unknown 0 -\na-file unknown 0 -\n"},
    {"a character device is not the file of an image that has lost its name",
     ONE("/d/a") "o-file file /d/o\n", "a-file:rw:1024:4096",
     "3 -1 /dev/null size=1024:4096 w\n4 2 /d/o\n5 -1 /d/a deleted\n", "/d/o=2",
     "a-file gone 0 -\no-file same 2 /d/o\n"},
    {"a descriptor of a character device", ONE("/dev/fdset/7") "o-file file /d/o\n", "",
     "5 -1 /dev/sg1\n4 2 /d/o\n", "/dev/sg1=-1 /d/o=2",
     "a-file descriptor -1 /dev/sg1\no-file same 2 /d/o\n"},
    {"nodes without a file", "n nbd nbd://host/x\nz null-co null-co://\n", "", "3 1 /d/a\n", "",
     ""},
};

#define DEVICE  0x801
#define BACKING "the-one-below"

static QblkFileIdentity
identity(const char *inode)
{
    QblkFileIdentity file = {.device = DEVICE};
    assert_true(g_ascii_string_to_signed(inode, 10, -1, G_MAXINT64, &file.inode, NULL));
    return file;
}

static gint64
number(const char *text)
{
    gint64 value = 0;
    assert_true(g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &value, NULL));
    return value;
}

/* LENGTH:ALLOCATED */
static void
read_size(const char *text, gint64 *length, gint64 *allocated)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);
    *length = number(parts[0]);
    *allocated = number(parts[1]);
}

static void
add_file(QblkOpenedFiles *opened, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    const QblkFileIdentity own = identity(words[1]);
    QblkOpenedFile *file =
        qblk_opened_files_add(opened, &own, (int)number(words[0]), words[2], FALSE);

    for (guint i = 3; words[i] != NULL; i++) {
        if (g_str_equal(words[i], "qcow2")) {
            file->format = "qcow2";
        } else if (g_str_equal(words[i], "backed")) {
            file->backing_name = g_strdup(BACKING);
        } else if (g_str_equal(words[i], "w")) {
            file->writable++;
        } else if (g_str_equal(words[i], "unlinked")) {
            file->is_unlinked = TRUE;
        } else if (g_str_equal(words[i], "deleted")) {
            file->is_unlinked = file->is_deleted = TRUE;
        } else if (g_str_has_prefix(words[i], "below=")) {
            g_free(file->backing_name);
            file->backing_name = g_strdup(BACKING);
            file->below = identity(words[i] + strlen("below="));
        } else {
            assert_true(g_str_has_prefix(words[i], "size="));
            read_size(words[i] + strlen("size="), &file->length, &file->allocated);
        }
    }
}

static QblkOpenedFiles *
make_files(const Row *row)
{
    QblkOpenedFiles *opened = qblk_opened_files_new(0);
    g_clear_pointer(&opened->unknown, g_free);
    opened->is_same_root = TRUE;
    opened->directory = g_strdup("/d");

    g_auto(GStrv) lines = g_strsplit(row->files, "\n", -1);
    for (guint i = 0; lines[i][0] != '\0'; i++) {
        add_file(opened, lines[i]);
    }
    g_auto(GStrv) names = g_strsplit(row->names, " ", -1);
    for (guint i = 0; names[i] != NULL && names[i][0] != '\0'; i++) {
        g_auto(GStrv) parts = g_strsplit(names[i], "=", 2);
        const QblkFileIdentity file = identity(parts[1]);
        qblk_opened_files_set_name(opened, parts[0], &file);
    }
    return opened;
}

static QblkNode *
find_node(const QblkSnapshot *snapshot, const char *name)
{
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        QblkNode *node = snapshot->nodes->pdata[i];
        if (g_str_equal(node->name, name)) {
            return node;
        }
    }
    fail_msg("no node '%s'", name);
    return NULL;
}

static QblkSnapshot *
make_nodes(const Row *row)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(row->nodes, "");
    QblkSnapshot *snapshot = graph_fixture_snapshot(replies);
    for (guint i = 0; i < snapshot->nodes->len; i++) {
        QblkNode *node = snapshot->nodes->pdata[i];
        node->read_only = FALSE;
        if (qblk_node_find_child(node, "backing") != NULL) {
            qblk_node_set_text(&node->backing_name, BACKING);
        }
    }

    g_auto(GStrv) states = g_strsplit(row->states, " ", -1);
    for (guint i = 0; states[i] != NULL && states[i][0] != '\0'; i++) {
        g_auto(GStrv) parts = g_strsplit(states[i], ":", 3);
        QblkNode *node = find_node(snapshot, parts[0]);
        node->read_only = g_str_equal(parts[1], "ro");
        read_size(parts[2], &node->virtual_size, &node->actual_size);
    }
    return snapshot;
}

static void
check_row(const Row *row)
{
    g_autoptr(QblkOpenedFiles) opened = make_files(row);
    g_autoptr(QblkSnapshot) snapshot = make_nodes(row);
    g_autoptr(QblkJson) fdsets = graph_fixture_json("[{'fdset-id':7,'fds':[{'fd':5}]}]");
    g_autofree char *unknown = NULL;
    g_autoptr(GHashTable) files = qblk_layer_files_load(snapshot->nodes, opened, fdsets, &unknown);
    g_autoptr(GString) found = g_string_new(NULL);

    for (guint i = snapshot->nodes->len; i > 0; i--) { /* QEMU lists the newest node first */
        const QblkNode *node = snapshot->nodes->pdata[i - 1];
        const QblkLayerFile *file = g_hash_table_lookup(files, node->name);
        if (file != NULL) {
            g_string_append_printf(found, "%s %s %" G_GINT64_FORMAT " %s\n", node->name,
                                   qblk_file_state_name(file->state), file->open.inode,
                                   file->path == NULL ? "-" : file->path);
        }
    }
    if (!g_str_equal(found->str, row->expected)) {
        fail_msg("%s: expected\n%sfound\n%s", row->what, row->expected, found->str);
    }
}

static void
the_file_of_each_node_is_found(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        check_row(&rows[i]);
    }
}

static void
a_process_without_the_files_may_be_a_relay(void **state)
{
    static const Row row = {"", ONE("/d/a"), "", "3 9 /d/script\n", "/d/a=1", NULL};
    g_autoptr(QblkOpenedFiles) opened = make_files(&row);
    g_autoptr(QblkSnapshot) snapshot = make_nodes(&row);
    g_autofree char *unknown = NULL;
    g_autoptr(GHashTable) files = qblk_layer_files_load(snapshot->nodes, opened, NULL, &unknown);

    assert_non_null(strstr(unknown, "which serves the monitor, has none of the images open"));
    assert_int_equal(g_hash_table_size(files), 1);
}

static void
the_reason_of_a_process_that_is_not_known_is_kept(void **state)
{
    static const Row row = {"", ONE("/d/a"), "", "", "/d/a=1", NULL};
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(0);
    g_autoptr(QblkSnapshot) snapshot = make_nodes(&row);
    g_autofree char *unknown = NULL;
    g_autoptr(GHashTable) files = qblk_layer_files_load(snapshot->nodes, opened, NULL, &unknown);

    assert_non_null(strstr(unknown, "serves the monitor is not known"));
    const QblkLayerFile *file = g_hash_table_lookup(files, "a-file");
    assert_int_equal(file->state, QBLK_FILE_UNKNOWN);
    g_autofree char *text = qblk_layer_file_describe(file, "/d/a", unknown);
    assert_string_equal(text, "it is not known if '/d/a' is the file that QEMU has open: the "
                              "process that serves the monitor is not known; on its machine, use "
                              "its unix socket");
}

/* ---- texts ---- */

#define OPEN                                                                                       \
    {                                                                                              \
        .device = DEVICE, .inode = 5                                                               \
    }
#define NAMED                                                                                      \
    {                                                                                              \
        .device = DEVICE, .inode = 6                                                               \
    }

static void
each_state_is_described(void **state)
{
    char path[] = "/d/true";
    const struct {
        QblkLayerFile file;
        const char *text;
    } texts[] = {
        {{.state = QBLK_FILE_SAME}, "'/d/x' is the file that QEMU has open"},
        {{.state = QBLK_FILE_ANOTHER, .open = OPEN, .named = NAMED, .path = path},
         "'/d/x' is another file now (inode 6): QEMU has '/d/true' (inode 5) open"},
        {{.state = QBLK_FILE_ANOTHER,
          .open = OPEN,
          .named = {.device = 0xfd02, .inode = 6},
          .path = path},
         "'/d/x' is another file now (inode 6 on device 253:2): QEMU has '/d/true' (inode 5 on "
         "device 8:1) open"},
        {{.state = QBLK_FILE_ANOTHER, .open = OPEN, .named = NAMED, .is_deleted = TRUE},
         "'/d/x' is another file now (inode 6): QEMU has a deleted file (inode 5) open"},
        {{.state = QBLK_FILE_ANOTHER, .open = {.device = DEVICE}, .named = {.device = 0xfd02}},
         "'/d/x' is another file now (block device 253:2): QEMU has a file without known name "
         "(block device 8:1) open"},
        {{.state = QBLK_FILE_ANOTHER,
          .open = {.device = 0x103, .inode = -1},
          .named = {.device = 0x104, .inode = -1}},
         "'/d/x' is another file now (character device 1:4): QEMU has a file without known name "
         "(character device 1:3) open"},
        {{.state = QBLK_FILE_ANOTHER, .named = NAMED},
         "'/d/x' is another file now (inode 6), which QEMU does not have open"},
        {{.state = QBLK_FILE_ANOTHER, .named = NAMED, .named_is_open = TRUE},
         "'/d/x' (inode 6) may be another file than the one that QEMU has open for this layer"},
        {{.state = QBLK_FILE_GONE, .open = OPEN, .path = path},
         "'/d/x' does not exist: QEMU has '/d/true' (inode 5) open"},
        {{.state = QBLK_FILE_GONE, .open = OPEN, .is_deleted = TRUE},
         "'/d/x' does not exist: QEMU has a deleted file (inode 5) open"},
        {{.state = QBLK_FILE_GONE, .open = OPEN},
         "'/d/x' does not exist: QEMU has a file without known name (inode 5) open"},
        {{.state = QBLK_FILE_GONE},
         "'/d/x' does not exist: QEMU has a file open that is not known"},
        {{.state = QBLK_FILE_DESCRIPTOR, .open = OPEN, .path = path},
         "'/d/x' is a descriptor of '/d/true' (inode 5)"},
        {{.state = QBLK_FILE_DESCRIPTOR, .open = OPEN, .is_deleted = TRUE},
         "'/d/x' is a descriptor of a deleted file (inode 5)"},
        {{.state = QBLK_FILE_DESCRIPTOR, .open = OPEN},
         "'/d/x' is a descriptor of a file without known name (inode 5)"},
        {{.state = QBLK_FILE_UNKNOWN},
         "it is not known if '/d/x' is the file that QEMU has open: "
         "QEMU does not report its complete name"},
        {{.state = QBLK_FILE_UNKNOWN, .reason = "why"},
         "it is not known if '/d/x' is the file that QEMU has open: why"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = qblk_layer_file_describe(&texts[i].file, "/d/x", NULL);
        assert_string_equal(text, texts[i].text);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_of_each_node_is_found),
        cmocka_unit_test(a_process_without_the_files_may_be_a_relay),
        cmocka_unit_test(the_reason_of_a_process_that_is_not_known_is_kept),
        cmocka_unit_test(each_state_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
