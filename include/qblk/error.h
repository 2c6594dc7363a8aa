/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Error domains.
 *
 * Every function that can fail has a GError ** as its last parameter, sets its results only on
 * success, and leaves nothing half changed on failure.  Each part of the library has its domain;
 * the code tells the caller what it can do.  Messages are lower case, have no full stop, and name
 * the thing in quotes.
 *
 * Since: 0.1.0
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QBLK_JSON_ERROR:
 *
 * Error domain: a text is not JSON, or a JSON value does not have the expected shape.
 *
 * Since: 0.1.0
 */
#define QBLK_JSON_ERROR (qblk_json_error_quark())

/**
 * qblk_json_error_quark:
 *
 * Returns: the error domain QBLK_JSON_ERROR
 *
 * Since: 0.1.0
 */
GQuark qblk_json_error_quark(void);

/**
 * QblkJsonError:
 * @QBLK_JSON_ERROR_SYNTAX: not JSON, or not JSON within the limits
 * @QBLK_JSON_ERROR_TYPE: a member is missing or has the wrong type
 *
 * Codes of QBLK_JSON_ERROR.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_JSON_ERROR_SYNTAX,
    QBLK_JSON_ERROR_TYPE,
} QblkJsonError;

/**
 * QBLK_QMP_ERROR:
 *
 * Error domain: communication with QEMU.
 *
 * Since: 0.1.0
 */
#define QBLK_QMP_ERROR (qblk_qmp_error_quark())

/**
 * qblk_qmp_error_quark:
 *
 * Returns: the error domain QBLK_QMP_ERROR
 *
 * Since: 0.1.0
 */
GQuark qblk_qmp_error_quark(void);

/**
 * QblkQmpError:
 * @QBLK_QMP_ERROR_CONNECT: the monitor cannot be reached: check the address
 * @QBLK_QMP_ERROR_BUSY: no greeting: another client probably holds the monitor
 * @QBLK_QMP_ERROR_TIMEOUT: no reply in time: the effect of the command is unknown
 * @QBLK_QMP_ERROR_CLOSED: QEMU closed the connection: it may have ended
 * @QBLK_QMP_ERROR_PROTOCOL: the peer does not follow the protocol as QEMU does
 * @QBLK_QMP_ERROR_LIMIT: the peer sent more than a limit allows; the message names it
 * @QBLK_QMP_ERROR_NOT_FOUND: this QEMU does not have the command
 * @QBLK_QMP_ERROR_REFUSED: QEMU replied to the command with an error
 * @QBLK_QMP_ERROR_ARGUMENT: not a valid address or QMP command
 * @QBLK_QMP_ERROR_ENDED: the process of QEMU has ended, and its jobs with it
 *
 * Codes of QBLK_QMP_ERROR.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_QMP_ERROR_CONNECT,
    QBLK_QMP_ERROR_BUSY,
    QBLK_QMP_ERROR_TIMEOUT,
    QBLK_QMP_ERROR_CLOSED,
    QBLK_QMP_ERROR_PROTOCOL,
    QBLK_QMP_ERROR_LIMIT,
    QBLK_QMP_ERROR_NOT_FOUND,
    QBLK_QMP_ERROR_REFUSED,
    QBLK_QMP_ERROR_ARGUMENT,
    QBLK_QMP_ERROR_ENDED,
} QblkQmpError;

/**
 * QBLK_GRAPH_ERROR:
 *
 * Error domain: the block-node graph and the names in it.
 *
 * Since: 0.1.0
 */
#define QBLK_GRAPH_ERROR (qblk_graph_error_quark())

/**
 * qblk_graph_error_quark:
 *
 * Returns: the error domain QBLK_GRAPH_ERROR
 *
 * Since: 0.1.0
 */
GQuark qblk_graph_error_quark(void);

/**
 * QblkGraphError:
 * @QBLK_GRAPH_ERROR_INVALID: the replies contradict each other or are not QEMU's
 * @QBLK_GRAPH_ERROR_CHANGED: the graph changed while it was read: fetch again
 * @QBLK_GRAPH_ERROR_NO_DISK: no disk has this name; the message lists the names
 * @QBLK_GRAPH_ERROR_NO_LAYER: the chain has no such layer; the message lists the indexes
 * @QBLK_GRAPH_ERROR_AMBIGUOUS: several things match the name; the message lists them
 * @QBLK_GRAPH_ERROR_SPEC: the name or file name is malformed
 * @QBLK_GRAPH_ERROR_UNSUPPORTED: the graph has a shape that a chain cannot represent
 * @QBLK_GRAPH_ERROR_UNSAFE: the query would harm the guest; the message has the reason
 * @QBLK_GRAPH_ERROR_STALE: the chain is not the one that the caller has read
 * @QBLK_GRAPH_ERROR_FILE: a capture or an image could not be read or written
 * @QBLK_GRAPH_ERROR_LIMIT: more nodes or layers than a limit allows
 * @QBLK_GRAPH_ERROR_NO_JOB: the disk has no block job
 * @QBLK_GRAPH_ERROR_NO_MONITOR: qblk has opened no monitor at this path
 * @QBLK_GRAPH_ERROR_NO_NODE: the data of the disk are in another process (vhost-user)
 *
 * Codes of QBLK_GRAPH_ERROR.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_GRAPH_ERROR_INVALID,
    QBLK_GRAPH_ERROR_CHANGED,
    QBLK_GRAPH_ERROR_NO_DISK,
    QBLK_GRAPH_ERROR_NO_LAYER,
    QBLK_GRAPH_ERROR_AMBIGUOUS,
    QBLK_GRAPH_ERROR_SPEC,
    QBLK_GRAPH_ERROR_UNSUPPORTED,
    QBLK_GRAPH_ERROR_UNSAFE,
    QBLK_GRAPH_ERROR_STALE,
    QBLK_GRAPH_ERROR_FILE,
    QBLK_GRAPH_ERROR_LIMIT,
    QBLK_GRAPH_ERROR_NO_JOB,
    QBLK_GRAPH_ERROR_NO_MONITOR,
    QBLK_GRAPH_ERROR_NO_NODE,
} QblkGraphError;

/**
 * QBLK_XML_ERROR:
 *
 * Error domain: reading and writing XML.
 *
 * Since: 0.1.0
 */
#define QBLK_XML_ERROR (qblk_xml_error_quark())

/**
 * qblk_xml_error_quark:
 *
 * Returns: the error domain QBLK_XML_ERROR
 *
 * Since: 0.1.0
 */
GQuark qblk_xml_error_quark(void);

/**
 * QblkXmlError:
 * @QBLK_XML_ERROR_UNSUPPORTED: the XML has no form for this source or format
 * @QBLK_XML_ERROR_NAME: a name contains characters that XML 1.0 cannot represent
 * @QBLK_XML_ERROR_INVALID: the document is not XML, or not a domain or disk
 * @QBLK_XML_ERROR_FILE: the document could not be read
 * @QBLK_XML_ERROR_LIBRARY: libxml2, which reads documents, could not be loaded
 *
 * Codes of QBLK_XML_ERROR.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_XML_ERROR_UNSUPPORTED,
    QBLK_XML_ERROR_NAME,
    QBLK_XML_ERROR_INVALID,
    QBLK_XML_ERROR_FILE,
    QBLK_XML_ERROR_LIBRARY,
} QblkXmlError;

/**
 * QBLK_BLOCKJOB_ERROR:
 *
 * Error domain: planning and running block jobs.
 *
 * Since: 0.1.0
 */
#define QBLK_BLOCKJOB_ERROR (qblk_blockjob_error_quark())

/**
 * qblk_blockjob_error_quark:
 *
 * Returns: the error domain QBLK_BLOCKJOB_ERROR
 *
 * Since: 0.1.0
 */
GQuark qblk_blockjob_error_quark(void);

/**
 * QblkBlockjobError:
 * @QBLK_BLOCKJOB_ERROR_REFUSED: it would do harm, or does not apply to this chain
 * @QBLK_BLOCKJOB_ERROR_FAILED: the job failed; the message has QEMU's reason
 * @QBLK_BLOCKJOB_ERROR_CANCELLED: the job was cancelled before it changed the chain
 * @QBLK_BLOCKJOB_ERROR_DETACHED: the caller stopped waiting; the job continues or waits
 * @QBLK_BLOCKJOB_ERROR_RESULT: the job succeeded, but the chain is not as expected
 * @QBLK_BLOCKJOB_ERROR_STATE: the state directory cannot be used; nothing was sent
 * @QBLK_BLOCKJOB_ERROR_RUNNING: the operation has not ended
 * @QBLK_BLOCKJOB_ERROR_NOTHING_TO_DO: the chain is as requested, and needs no plan
 *
 * Codes of QBLK_BLOCKJOB_ERROR.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_BLOCKJOB_ERROR_REFUSED,
    QBLK_BLOCKJOB_ERROR_FAILED,
    QBLK_BLOCKJOB_ERROR_CANCELLED,
    QBLK_BLOCKJOB_ERROR_DETACHED,
    QBLK_BLOCKJOB_ERROR_RESULT,
    QBLK_BLOCKJOB_ERROR_STATE,
    QBLK_BLOCKJOB_ERROR_RUNNING,
    QBLK_BLOCKJOB_ERROR_NOTHING_TO_DO,
} QblkBlockjobError;

/**
 * QBLK_BRIDGE_ERROR:
 *
 * Error domain: the bridge of a monitor.
 *
 * Since: 0.1.0
 */
#define QBLK_BRIDGE_ERROR (qblk_bridge_error_quark())

/**
 * qblk_bridge_error_quark:
 *
 * Returns: the error domain QBLK_BRIDGE_ERROR
 *
 * Since: 0.1.0
 */
GQuark qblk_bridge_error_quark(void);

/**
 * QblkBridgeError:
 * @QBLK_BRIDGE_ERROR_ARGUMENT: not a valid option or combination of options
 * @QBLK_BRIDGE_ERROR_IN_USE: another process listens at the path, or it is not a socket
 * @QBLK_BRIDGE_ERROR_SOCKET: a socket cannot be made or used
 *
 * Codes of QBLK_BRIDGE_ERROR.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_BRIDGE_ERROR_ARGUMENT,
    QBLK_BRIDGE_ERROR_IN_USE,
    QBLK_BRIDGE_ERROR_SOCKET,
} QblkBridgeError;

/**
 * qblk_error_domain_name:
 * @error: an error
 *
 * The name of the domain of an error, as in the output of `qblk --json`.
 *
 * Returns: (nullable): such as `qmp` for QBLK_QMP_ERROR; %NULL for a domain of another library
 *
 * Since: 0.1.0
 */
const char *qblk_error_domain_name(const GError *error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_error_code_name:
 * @error: an error
 *
 * The name of the code of an error, as in the output of `qblk --json`.
 *
 * Returns: (nullable): such as `not-found` for QBLK_QMP_ERROR_NOT_FOUND; %NULL for a domain of
 * another library
 *
 * Since: 0.1.0
 */
const char *qblk_error_code_name(const GError *error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
