/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Error domains.
 *
 * Every function that can fail takes a GError ** as its last parameter, sets its results only on
 * success, and leaves nothing half changed on failure.  There is one domain for each part of the
 * library; the codes say what the caller can do about it.  Messages are lower case, have no full
 * stop, and name the thing in quotes.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** A text that should be JSON, or a JSON value that should have another shape. */
#define QBLK_JSON_ERROR (qblk_json_error_quark())
GQuark qblk_json_error_quark(void);

typedef enum {
    QBLK_JSON_ERROR_SYNTAX, /**< not JSON, or not JSON within the limits */
    QBLK_JSON_ERROR_TYPE,   /**< a field is missing or has the wrong type */
} QblkJsonError;

/** Talking to QEMU. */
#define QBLK_QMP_ERROR (qblk_qmp_error_quark())
GQuark qblk_qmp_error_quark(void);

typedef enum {
    QBLK_QMP_ERROR_CONNECT,   /**< the monitor cannot be reached: look at the address */
    QBLK_QMP_ERROR_BUSY,      /**< no greeting: another client probably holds the monitor */
    QBLK_QMP_ERROR_TIMEOUT,   /**< a command was not answered in time; its effect is unknown */
    QBLK_QMP_ERROR_CLOSED,    /**< QEMU closed the connection: it may have ended */
    QBLK_QMP_ERROR_PROTOCOL,  /**< the peer does not speak QMP as QEMU does */
    QBLK_QMP_ERROR_LIMIT,     /**< the peer sent more than a limit allows; the message names it */
    QBLK_QMP_ERROR_NOT_FOUND, /**< this QEMU does not have the command */
    QBLK_QMP_ERROR_REFUSED,   /**< QEMU answered the command with an error */
    QBLK_QMP_ERROR_ARGUMENT,  /**< what was to be sent is not a QMP command */
} QblkQmpError;

/** Reading the block-node graph. */
#define QBLK_GRAPH_ERROR (qblk_graph_error_quark())
GQuark qblk_graph_error_quark(void);

typedef enum {
    QBLK_GRAPH_ERROR_INVALID,     /**< the replies contradict each other or are not QEMU's */
    QBLK_GRAPH_ERROR_CHANGED,     /**< the graph changed while it was read: fetch again */
    QBLK_GRAPH_ERROR_NO_DISK,     /**< no disk has that name; the message lists those there are */
    QBLK_GRAPH_ERROR_NO_LAYER,    /**< the chain has no such layer; the message lists the indexes */
    QBLK_GRAPH_ERROR_AMBIGUOUS,   /**< the name fits several; the message lists them */
    QBLK_GRAPH_ERROR_SPEC,        /**< not a way to name a disk or layer */
    QBLK_GRAPH_ERROR_UNSUPPORTED, /**< the graph has a shape that a chain cannot say */
    QBLK_GRAPH_ERROR_UNSAFE,      /**< asking would harm the guest; the message says why */
    QBLK_GRAPH_ERROR_STALE,       /**< the chain is not the one the caller looked at */
    QBLK_GRAPH_ERROR_FILE,        /**< a capture or an image could not be read or written */
    QBLK_GRAPH_ERROR_LIMIT,       /**< more nodes or layers than a limit allows */
} QblkGraphError;

/** Reading and writing XML. */
#define QBLK_XML_ERROR (qblk_xml_error_quark())
GQuark qblk_xml_error_quark(void);

typedef enum {
    QBLK_XML_ERROR_UNSUPPORTED, /**< the XML has no form for this source or format */
    QBLK_XML_ERROR_NAME,        /**< a name has characters that XML 1.0 cannot carry */
    QBLK_XML_ERROR_INVALID,     /**< the document is not XML, or not a domain or disk */
    QBLK_XML_ERROR_FILE,        /**< the document could not be read */
} QblkXmlError;

/** Planning and running block jobs. */
#define QBLK_BLOCKJOB_ERROR (qblk_blockjob_error_quark())
GQuark qblk_blockjob_error_quark(void);

typedef enum {
    QBLK_BLOCKJOB_ERROR_REFUSED, /**< it would harm, or the request makes no sense on this chain */
    QBLK_BLOCKJOB_ERROR_FAILED,  /**< the job failed; the message has QEMU's reason */
    QBLK_BLOCKJOB_ERROR_CANCELLED, /**< the job was cancelled before it had changed the chain */
    QBLK_BLOCKJOB_ERROR_DETACHED,  /**< we were stopped, and the job goes on or waits */
    QBLK_BLOCKJOB_ERROR_RESULT,    /**< the job ended well and the chain is not as expected */
} QblkBlockjobError;

G_END_DECLS
