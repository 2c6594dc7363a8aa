/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The objects of a graph snapshot.
 */
#pragma once

#include <qblk/bitmap.h>
#include <qblk/graph-kinds.h>
#include <qblk/user.h>
