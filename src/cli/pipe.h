/*
 * Descriptors of the program's side: read and written without ever stopping the stack.
 *
 * Standard input and output are shared with other programs, so their flags are left as they are:
 * each read and each write is made only when it cannot block.
 */
#ifndef CLI_PIPE_H
#define CLI_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pipe_end {
    int fd;     /* -1: nothing is read, what is written is thrown away */
    bool owned; /* closed with it */
    bool file;  /* a regular file: never blocks */
    bool socket;
    bool careful; /* only in small pieces, after asking */
};

#define PIPE_AGAIN (-1000) /* not now */

/* path NULL: `standard` (0 or 1), which "-" means too.  Returns 0 or -errno. */
int pipe_open_input(struct pipe_end *end, const char *path);
int pipe_open_output(struct pipe_end *end, const char *path);
void pipe_close(struct pipe_end *end);

/*
 * Returns how many bytes came, 0 at the end, PIPE_AGAIN, or -errno.
 *   offset  where in a regular file; ignored for others.  -1: where it stands
 */
ssize_t pipe_read(const struct pipe_end *end, void *bytes, size_t n, off_t offset);

/* Returns how many bytes went, PIPE_AGAIN, or -errno. */
ssize_t pipe_write(const struct pipe_end *end, const void *bytes, size_t n);

#endif
