/* SPDX-License-Identifier: MIT */
/* main(), apart from everything else so that tests can link the tool. */
#include "xfsw/xfsw.h"

int main(int argc, char **argv)
{
	return xfsw_main(argc, argv);
}
