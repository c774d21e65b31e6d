/* SPDX-License-Identifier: MIT */
#include "xfsw/xfsw.h"

int main(int argc, char **argv)
{
	return xfsw_main(argc, argv);
}
