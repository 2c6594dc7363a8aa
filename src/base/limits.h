/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * All limits on what a peer or a file can make this library keep in memory.
 *
 * A guest that has taken over its QEMU controls the other end of the monitor, and captures are
 * attached to bug reports, so all input from there is limited.  Exceeding a limit is an error that
 * names it.
 */
#pragma once

#include <glib.h>

/** Longest single message, in bytes.  200 layers without `flat` are 10 MB on QEMU 7.2. */
#define QBLK_LIMIT_REPLY_BYTES (64 * 1024 * 1024)

/** Nesting of one JSON text, which is also the limit of jansson: query-block nests an object for
 * each backing image. */
#define QBLK_LIMIT_JSON_DEPTH 2048

/** Values in one JSON text, and objects and arrays among them: three bytes of text become 40 or 220
 * bytes in memory.  64 MiB of replies of QEMU contain 3 million and 0.6 million. */
#define QBLK_LIMIT_JSON_VALUES     4000000
#define QBLK_LIMIT_JSON_CONTAINERS 1000000

/** Operations that a bridge runs at once. */
#define QBLK_LIMIT_OPERATIONS 64

/** Commands in flight: QEMU suspends a monitor with more (monitor/qmp.c). */
#define QBLK_LIMIT_IN_FLIGHT 8

/** Of a command of a client of the bridge: bytes; tokens and nesting, as in QEMU. */
#define QBLK_LIMIT_COMMAND_BYTES  (16 * 1024 * 1024)
#define QBLK_LIMIT_COMMAND_TOKENS (2 * 1024 * 1024)
#define QBLK_LIMIT_COMMAND_DEPTH  1024

/** Strings in such a command that name layers: others are left as they are. */
#define QBLK_LIMIT_COMMAND_LAYERS 4096

/** Commands of one client of the bridge: those that wait, and those in flight.  Another one is sent
 * while QEMU executes the first, and a third would only be in the way of other clients. */
#define QBLK_LIMIT_CLIENT_COMMANDS  8
#define QBLK_LIMIT_CLIENT_IN_FLIGHT 2

/** Bytes of the commands of one client of the bridge that are not answered: after so many no more
 * of its commands are read.  A longer one is accepted, alone. */
#define QBLK_LIMIT_CLIENT_COMMAND_BYTES (1024 * 1024)

/** Bytes that a client of the bridge has not read: after so many no more of its commands are
 * executed, and after so many besides the longest message it is closed. */
#define QBLK_LIMIT_UNREAD_PAUSE_BYTES (64 * 1024)
#define QBLK_LIMIT_UNREAD_BYTES       (16 * 1024 * 1024)

/** Events that the caller has not taken. */
#define QBLK_LIMIT_EVENTS 65536

/** Bytes of the text of these events, which are kept as values. */
#define QBLK_LIMIT_EVENT_BYTES (8 * 1024 * 1024)

/** Nodes in one graph. */
#define QBLK_LIMIT_NODES 100000

/** Layers in one chain: half of the nodes, as each layer has two.  QEMU itself opens a chain of
 * about 200. */
#define QBLK_LIMIT_LAYERS 50000

/** Layers of all chains of one VM together: disks may share layers, and each has its own chain. */
#define QBLK_LIMIT_ALL_LAYERS 200000

/** Jobs of one VM; each is looked up among all. */
#define QBLK_LIMIT_JOBS 4096

/** Block exports of one VM. */
#define QBLK_LIMIT_EXPORTS 4096

/** Users of a node that are listed: all disks may share one node. */
#define QBLK_LIMIT_USERS 64

/** Users of a layer that are listed, with the users of these: each disk may have the same ones. */
#define QBLK_LIMIT_LAYER_USERS 256

/** Devices in one VM. */
#define QBLK_LIMIT_DEVICES 50000

/** Bytes of a capture. */
#define QBLK_LIMIT_FILE_BYTES (256 * 1024 * 1024)

/** Bytes of a journal: a plan for some thousand layers. */
#define QBLK_LIMIT_JOURNAL_BYTES (64 * 1024 * 1024)

/** Bytes of a domain XML document: the tree takes a multiple of that. */
#define QBLK_LIMIT_XML_BYTES (16 * 1024 * 1024)

/** Tags, comments and attributes of a document, each of which takes a few hundred bytes in the
 * tree.  A domain of 200 disks with 30 layers has 50 000. */
#define QBLK_LIMIT_XML_NODES 250000

/** Attributes of one element: libxml2 before 2.12 compares each with all others. */
#define QBLK_LIMIT_XML_ATTRIBUTES 250

/** Namespaces in scope of an element: each name is looked up among all of them. */
#define QBLK_LIMIT_XML_NAMESPACES 100

/** Nesting of elements, as in libxml2 before 2.14. */
#define QBLK_LIMIT_XML_DEPTH 256

/** To count the data of an image: tables of qcow2 (enough for 2 TiB), clusters that are read, parts
 * of a file between holes. */
#define QBLK_LIMIT_DATA_TABLES  4096
#define QBLK_LIMIT_DATA_READS   4096
#define QBLK_LIMIT_DATA_EXTENTS 100000

/** Bytes of the bitmaps of an image whose bits are counted: enough for 32 TiB at 64 KiB a bit. */
#define QBLK_LIMIT_BITMAP_BYTES (64 * 1024 * 1024)

/** Files of one directory whose headers are read to find the overlays of an image. */
#define QBLK_LIMIT_DIRECTORY_FILES 4096

/** Of one process when the QEMUs of a machine are looked for: bytes of its command line, which is
 * at most 6 MiB on Linux, of a file of -readconfig, and of a table of sockets, a multiple of 1 MiB
 * each; bytes of a name; monitors. */
#define QBLK_LIMIT_COMMAND_LINE_BYTES (8 * 1024 * 1024)
#define QBLK_LIMIT_CONFIG_BYTES       (1024 * 1024)
#define QBLK_LIMIT_SOCKETS_BYTES      (64 * 1024 * 1024)
#define QBLK_LIMIT_VM_NAME_BYTES      1024
#define QBLK_LIMIT_MONITORS           64

/** Default time limit of the handshake and of each command, in milliseconds. */
#define QBLK_DEFAULT_TIMEOUT_MS 5000

/** How long a process whose connection was closed may take to end. */
#define QBLK_LIMIT_PROCESS_END_MS 1000

/** How many query-jobs in a row may run out of time before the connection counts as lost: while a
 * job runs (libvirt sends as many keepalive messages), and while QEMU blocks its main loop to flush
 * or to change a chain. */
#define QBLK_LIMIT_UNANSWERED      5
#define QBLK_LIMIT_UNANSWERED_BUSY 60
