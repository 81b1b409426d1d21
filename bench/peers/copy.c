/*
 * copy N: copies 16 KB so many times.  What such a copy costs under callgrind shows whether glibc
 * copies in a loop, as `bench/compare --instructions` wants it, or by rep movs.
 */
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static char from[16384], to[16384];
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;

    for (long n = argc > 1 ? atol(argv[1]) : 0; n > 0; n--)
        (void)copy(to, from, sizeof to);
    return 0;
}
