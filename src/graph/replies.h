/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A reply set: queries and the replies of QEMU to them.
 *
 * A client, a private qemu-storage-daemon and a capture file all fill a reply set; loading a graph
 * snapshot is a pure function of it.
 */
#pragma once

#include "base/json-view.h"
#include "image/opened-files.h"
#include "qmp/query.h"

typedef struct {
    char *command;
    QblkJson *arguments; /* owned, or NULL */
    QblkJson *value;     /* owned, NULL if QEMU refused the command, or the value is text */
    QblkJson *refusal;   /* owned, {"class", "desc"}, or NULL */
    QblkJson *entry;     /* owned, the entry in the capture that was read, or NULL */
    QblkJsonText *owner; /* a reference: of the views, or NULL */
    QblkJsonView text;   /* the complete value, if it is large */
    QblkJsonView source; /* the text of the entry in the capture that was read; arguments is NULL */
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

/**
 * Add the reply @text, with a reference to its owner; takes the reference of @arguments.  Replies
 * that are read once stay text.
 *
 * The reply to query-block, which is read several times, becomes a value, but in `inserted` without
 * most of what the nodes have as well: `image`, in which each image nests the next, `cache`,
 * `children`, limits.
 */
QblkReply *qblk_replies_add_text(QblkReplies *replies, const char *command, QblkJson *arguments,
                                 QblkJsonText *owner, QblkJsonView text);

/** Add @answer to the query @command; takes the reference of @arguments, and what @answer has. */
QblkReply *qblk_replies_add_answer(QblkReplies *replies, const char *command, QblkJson *arguments,
                                   QblkAnswer *answer);

/** Returns: the value that QEMU returned; absent if @reply (nullable) is NULL, or a refusal */
QblkJsonView qblk_reply_view(const QblkReply *reply);

/** Returns: (nullable): the first reply to this query; @arguments may be NULL */
const QblkReply *qblk_replies_find(const QblkReplies *replies, const char *command,
                                   const QblkJson *arguments);

/**
 * Returns: (nullable): what QEMU returned for a query without arguments; NULL if it refused, and
 * for query-named-block-nodes, query-blockstats and x-debug-query-block-graph, which may be text
 */
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
