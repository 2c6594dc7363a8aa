/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Every limit on what a peer or a file can make this library hold, in one place.
 *
 * A guest that broke out of QEMU owns the other end of the monitor, and captures come from bug
 * reports: whatever comes from there is bounded.  Hitting a limit is an error that names it.
 */
#pragma once

#include <glib.h>

/** Longest single message, in bytes.  200 layers without `flat` are 10 MB on QEMU 7.2. */
#define QBLK_LIMIT_REPLY_BYTES (64 * 1024 * 1024)

/** Deepest nesting of one JSON text (jansson stops there too): query-block nests an object for each
 * backing image. */
#define QBLK_LIMIT_JSON_DEPTH 2048

/** Values in one JSON text, and objects and arrays among them: three bytes of text become 40 or 220
 * in memory.  In 64 MiB of replies of QEMU there are 3 million and 0.6 million. */
#define QBLK_LIMIT_JSON_VALUES     4000000
#define QBLK_LIMIT_JSON_CONTAINERS 1000000

/** Commands sent and not answered yet: QEMU suspends a monitor with more (monitor/qmp.c). */
#define QBLK_LIMIT_IN_FLIGHT 8

/** Events waiting to be taken by the caller. */
#define QBLK_LIMIT_EVENTS 65536

/** Bytes of events waiting to be taken by the caller, who holds them as values. */
#define QBLK_LIMIT_EVENT_BYTES (8 * 1024 * 1024)

/** Nodes in one graph. */
#define QBLK_LIMIT_NODES 100000

/** Layers in one chain.  QEMU itself stops at about 200 when it opens a chain recursively. */
#define QBLK_LIMIT_LAYERS 10000

/** Layers of all chains of one VM together: disks may share layers, and each has its own chain. */
#define QBLK_LIMIT_ALL_LAYERS 200000

/** Jobs of one VM; each is looked for among all. */
#define QBLK_LIMIT_JOBS 4096

/** Devices in one VM. */
#define QBLK_LIMIT_DEVICES 10000

/** Bytes of a capture. */
#define QBLK_LIMIT_FILE_BYTES (256 * 1024 * 1024)

/** Bytes of a journal: a plan for some thousand layers. */
#define QBLK_LIMIT_JOURNAL_BYTES (64 * 1024 * 1024)

/** Bytes of a domain XML document: as a tree it takes many times that. */
#define QBLK_LIMIT_XML_BYTES (16 * 1024 * 1024)

/** Tags, comments and attributes of one, each of which is a few hundred bytes as a tree.  A domain
 * of 200 disks with 30 layers has 50 000. */
#define QBLK_LIMIT_XML_NODES 250000

/** Attributes of one element: libxml2 before 2.12 compares each with all others. */
#define QBLK_LIMIT_XML_ATTRIBUTES 250

/** Namespaces in scope of an element: each name is looked up among all of them. */
#define QBLK_LIMIT_XML_NAMESPACES 100

/** Elements inside one another, as in libxml2 before 2.14. */
#define QBLK_LIMIT_XML_DEPTH 256

/** How long to wait for a greeting and for each command, in milliseconds. */
#define QBLK_DEFAULT_TIMEOUT_MS 5000

/** How often in a row QEMU may leave the question for its jobs without an answer in that time, each
 * asked as soon as the one before is given up: while a job runs (libvirt asks as often before it
 * calls a peer dead), and while QEMU does what keeps its main loop: a flush, a change of a chain.
 */
#define QBLK_LIMIT_UNANSWERED      5
#define QBLK_LIMIT_UNANSWERED_BUSY 60
