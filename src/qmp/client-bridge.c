/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/client-bridge.h"

void
qblk_client_bridge_clear(QblkClientBridge *bridge, QblkSession *session)
{
    if (bridge->query != 0) {
        qblk_session_abandon(session, bridge->query);
    }
    g_free(bridge->full);
    *bridge = (QblkClientBridge){0};
}
