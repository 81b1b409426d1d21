/* placeholder while linking */
#include "cli/demo.h"
const char *const why_names[] = {"three", "four", "2msl", "time-wait", "close-wait", "half-close", NULL};
int why_page(FILE *out, const struct demo_options *options) { (void)out; (void)options; return 1; }
