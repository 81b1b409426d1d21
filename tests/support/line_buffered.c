/*
 * Makes a test program's standard output line-buffered before main() runs.
 *
 * cmocka writes its results through stdio.  Into a pipe that would be one block at the end, and a
 * program that dies would take the results of the tests before with it.
 */
#include <stdio.h>

__attribute__((constructor)) static void results_leave_line_by_line(void)
{
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
}
