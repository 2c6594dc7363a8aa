/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The program virt-qemu-qmp-proxy of libvirt, which serves QMP at a socket and passes each command
 * on through libvirtd.
 *
 * It takes one command at a time: two that arrive together are no valid JSON to it, and it waits
 * for the rest of them.  Its greeting has the version of the QEMU that is installed, and not of the
 * one that runs.  The data of an event are a string that contains an object, and events that came
 * while it had no client are sent before the greeting.  (Seen with libvirt 9.0.)
 */
#pragma once

#include "qmp/message.h"

/** Returns: TRUE if the proxy sent @greeting: no QEMU has the package `qemu-8.2.1` */
gboolean qblk_proxy_sent(const QblkMessage *greeting);

/** Returns: (transfer full) (nullable): @event with its data as an object; NULL if it has
 * none, or they are an object, as QEMU sends them */
QblkJson *qblk_proxy_correct_event(const QblkJson *event) G_GNUC_WARN_UNUSED_RESULT;

/**
 * @version: (nullable): the reply to query-version
 *
 * Returns: (transfer full): the greeting that QEMU would have sent, without capabilities; NULL with
 *   QBLK_QMP_ERROR_PROTOCOL if @version is not valid
 */
QblkMessage *qblk_proxy_greeting(const QblkJson *version, GError **error) G_GNUC_WARN_UNUSED_RESULT;
