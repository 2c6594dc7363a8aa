/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A reply set: queries and the replies of QEMU to them.
 *
 * A client, a private qemu-storage-daemon and a capture file all fill a reply set; loading a graph
 * snapshot is a pure function of it.
 */
#pragma once

#include "base/json.h"
#include "image/opened-files.h"

typedef struct {
    char *command;
    QblkJson *arguments; /* owned, or NULL */
    QblkJson *value;     /* owned, NULL if QEMU refused the command */
    QblkJson *refusal;   /* owned, {"class", "desc"}, or NULL */
    QblkJson *entry;     /* owned, the entry in the capture that was read, or NULL */
} QblkReply;

/** Programs call it a capture: see <qblk/capture.h>. */
typedef struct QblkCapture QblkReplies;

struct QblkCapture {
    gatomicrefcount references;
    GPtrArray *list;   /* of QblkReply, owned, in the order they were added */
    QblkJson *header;  /* owned, members of the capture beside its replies, or NULL */
    GHashTable *index; /* canonical text of the query -> QblkReply, the first one added */
    GHashTable
        *paths; /* property and value in a reply to qom-get -> path of the first such object */
    QblkOpenedFiles *opened; /* owned: what QEMU had open, or NULL: not asked for */
    GPtrArray *image_layers; /* a reference: of QblkImageLayer, of image:PATH, or NULL */
    char **arguments;        /* owned: of the process of QEMU, or NULL: not known */
};

QblkReplies *qblk_replies_new(void);

/** Release a reference to @replies (nullable). */
void qblk_replies_free(QblkReplies *replies);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkReplies, qblk_replies_free)

/** Add a reply; takes all four references.  A second reply to the same query is kept, not found. */
QblkReply *qblk_replies_add(QblkReplies *replies, const char *command, QblkJson *arguments,
                            QblkJson *value, QblkJson *refusal);

/** Returns: (nullable): the first reply to this query; @arguments may be NULL */
const QblkReply *qblk_replies_find(const QblkReplies *replies, const char *command,
                                   const QblkJson *arguments);

/** Returns: (nullable): what QEMU returned for a query without arguments; NULL if it refused */
const QblkJson *qblk_replies_value(const QblkReplies *replies, const char *command);

/** Returns: (nullable): the path of the first object whose string @property is @value */
const char *qblk_replies_path(const QblkReplies *replies, const char *property, const char *value);

typedef struct {
    int major;
    int minor;
    int micro;
} QblkQemuVersion;

/** Read the version from the reply to query-version; FALSE if that has no valid version. */
gboolean qblk_replies_version(const QblkReplies *replies, QblkQemuVersion *version);

/** Like strcmp. */
int qblk_qemu_version_compare(const QblkQemuVersion *a, const QblkQemuVersion *b);
