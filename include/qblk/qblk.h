/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All of libqblk.
 */
#pragma once

#include <qblk/address.h>
#include <qblk/bridge.h>
#include <qblk/capture.h>
#include <qblk/chain.h>
#include <qblk/check.h>
#include <qblk/client-async.h>
#include <qblk/client-info.h>
#include <qblk/client-source.h>
#include <qblk/client.h>
#include <qblk/copy-options.h>
#include <qblk/difference.h>
#include <qblk/disk.h>
#include <qblk/domain.h>
#include <qblk/error.h>
#include <qblk/graph.h>
#include <qblk/image-client.h>
#include <qblk/image-options.h>
#include <qblk/image-verdict.h>
#include <qblk/image.h>
#include <qblk/interrupted-list.h>
#include <qblk/interrupted.h>
#include <qblk/job-request.h>
#include <qblk/layer.h>
#include <qblk/mend-options.h>
#include <qblk/merge-options.h>
#include <qblk/monitor-options.h>
#include <qblk/open-file.h>
#include <qblk/operation-options.h>
#include <qblk/operation.h>
#include <qblk/overlay-options.h>
#include <qblk/plan-options.h>
#include <qblk/plan-result.h>
#include <qblk/plan.h>
#include <qblk/planner.h>
#include <qblk/plans.h>
#include <qblk/recover-result.h>
#include <qblk/recover.h>
#include <qblk/redact.h>
#include <qblk/snapshot-fetch.h>
#include <qblk/snapshot-options.h>
#include <qblk/snapshot.h>
#include <qblk/snapshots-fetch.h>
#include <qblk/source-xml.h>
#include <qblk/source.h>
#include <qblk/stage.h>
#include <qblk/stale-images.h>
#include <qblk/state-directory.h>
#include <qblk/version.h>
#include <qblk/vm-info.h>
#include <qblk/vms.h>
