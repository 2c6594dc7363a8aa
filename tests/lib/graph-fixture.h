/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Replies, snapshots and chains for the tests of src/graph: recorded ones, and small ones made from
 * text. Each function fails the test if it fails.
 *
 * JSON is written with ' instead of ".
 */
#pragma once

#include "chain/chain.h"
#include "graph/replies.h"
#include "graph/snapshot-options.h"
#include "graph/snapshot.h"

/* ---- recorded replies: tests/qemu-fixtures ---- */

/**
 * All recorded topologies, in order: "VERSION/TOPOLOGY"; of "deep-200" one version unless QBLK_FULL
 * is set, and of the others two if QBLK_BRIEF is set.
 */
GPtrArray *graph_fixture_all(void); /* of char *, owned */

/** TRUE if a name of graph_fixture_all() is that @topology in any version. */
gboolean graph_fixture_is(const char *name, const char *topology);

/** The version in a name of graph_fixture_all(). Returns: (transfer full) */
char *graph_fixture_version(const char *name);

/**
 * The recorded replies for @topology, a name of graph_fixture_all() or, for 7.2, without version.
 */
QblkReplies *graph_fixture_load(const char *topology);

/** The text of that capture file. */
char *graph_fixture_text(const char *topology, gsize *length);

/** Add `children` to nodes that were recorded before 10.1, from the debug graph. */
void graph_fixture_add_children(QblkReplies *replies);

/* ---- replies from text ---- */

QblkJson *graph_fixture_json(const char *text);

/** Add a reply; @arguments may be NULL; a NULL @value stands for a refusal. */
void graph_fixture_add(QblkReplies *replies, const char *command, const char *arguments,
                       const char *value);

/** Set the reply of qom-get for @property; a NULL @value is a refusal. */
void graph_fixture_add_property(QblkReplies *replies, const char *path, const char *property,
                                const char *value);

/** The existing reply to that query; may be changed. */
QblkReply *graph_fixture_reply(QblkReplies *replies, const char *command, const char *arguments);

/** Replace the value of an existing reply; NULL makes it a refusal. */
void graph_fixture_replace(QblkReplies *replies, const char *command, const char *arguments,
                           const char *value);

/** A copy without the replies to @command, which may be NULL. */
QblkReplies *graph_fixture_copy_without(const QblkReplies *replies, const char *command);

/**
 * The replies of a QEMU 11.0 without jobs.
 *
 * @nodes: lines of `NAME DRIVER FILE [EDGE=NAME ...]`
 *
 * @blocks: lines of `QDEV BACKEND [NODE]`, with `-` for a missing name
 */
QblkReplies *graph_fixture_machine(const char *nodes, const char *blocks);

/**
 * The text of a debug graph: vertices `ID TYPE NAME` and edges `PARENT CHILD NAME`, separated by
 * semicolons; a name may have spaces or be empty. TYPE is block-driver, block-backend, block-job.
 */
char *graph_fixture_graph(const char *vertices, const char *edges);

/** Add a running job to @replies, which graph_fixture_machine created. */
void graph_fixture_add_job(QblkReplies *replies, const char *jobs, const char *block_jobs);

/**
 * Add the files that QEMU has open, in lines of `INODE PATH [NAME ...]`: PATH and each NAME lead to
 * the file, which is open for as many nodes as have a name of it.
 */
void graph_fixture_open(QblkReplies *replies, const char *files);

/** Make them the replies of another QEMU, "7.2.22". */
void graph_fixture_set_version(QblkReplies *replies, const char *version);

/** Replies of that version with that query-jobs and query-block-jobs only. */
QblkReplies *graph_fixture_jobs(const char *version, const char *jobs, const char *block_jobs);

/* ---- from replies to chains ---- */

QblkSnapshot *graph_fixture_snapshot(const QblkReplies *replies);
QblkSnapshot *graph_fixture_snapshot_by(const QblkReplies *replies, QblkEdgeSource edges);
QblkChain *graph_fixture_chain(const QblkSnapshot *snapshot, const char *name);

/** The error of loading @replies, or of the chain @disk (NULL: loading must fail). */
GError *graph_fixture_error(const QblkReplies *replies, const char *disk);
