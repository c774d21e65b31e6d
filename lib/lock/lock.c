/* SPDX-License-Identifier: MIT */
#include "lock/lock.h"
