/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A reply set: what QEMU answered to which query.
 *
 * A client, a private qemu-storage-daemon and a capture file differ only in who fills it; loading a
 * graph snapshot is a pure function of it.
 */
#pragma once

#include "base/json.h"

typedef struct {
    char *command;
    QblkJson *arguments; /* owned, NULL: none */
    QblkJson *value;     /* owned, NULL where QEMU refused */
    QblkJson *refusal;   /* owned, {"class", "desc"}, NULL where it did not */
    QblkJson *entry; /* owned, the entry of a capture this came from with unknown fields, or NULL */
} QblkReply;

typedef struct {
    GPtrArray *list;   /* of QblkReply, owned, in the order they were added */
    QblkJson *header;  /* owned, members of the capture beside its replies, or NULL */
    GHashTable *index; /* canonical text of the query -> QblkReply, the first one added */
    GHashTable *paths; /* property and value that qom-get told -> path of the first such object */
} QblkReplies;

QblkReplies *qblk_replies_new(void);
void qblk_replies_free(QblkReplies *replies);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkReplies, qblk_replies_free)

/** Add a reply; takes all four references.  A second reply to the same query is kept, not found. */
QblkReply *qblk_replies_add(QblkReplies *replies, const char *command, QblkJson *arguments,
                            QblkJson *value, QblkJson *refusal);

/** The first reply to this query, NULL where there is none.  @arguments may be NULL. */
const QblkReply *qblk_replies_find(const QblkReplies *replies, const char *command,
                                   const QblkJson *arguments);

/** What QEMU returned for a query without arguments; NULL where it refused or was not asked. */
const QblkJson *qblk_replies_value(const QblkReplies *replies, const char *command);

/** The path of the first object of which qom-get told that its string @property is @value; NULL
 * where there is none. */
const char *qblk_replies_path(const QblkReplies *replies, const char *property, const char *value);

typedef struct {
    int major;
    int minor;
    int micro;
} QblkQemuVersion;

/** Take the version from the reply to query-version; FALSE where there is none that can be read. */
gboolean qblk_replies_version(const QblkReplies *replies, QblkQemuVersion *version);

/** Like strcmp. */
int qblk_qemu_version_compare(const QblkQemuVersion *a, const QblkQemuVersion *b);
