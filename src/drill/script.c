/*
 * A script's memory, file and definitions: see script.h.
 */
#include "drill/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drill/parse.h"

#define CHUNK_BYTES  32768u
#define SCRIPT_BYTES (4u << 20) /* nobody writes longer ones */

struct script_chunk {
    struct script_chunk *next;
    size_t used, size;
    _Alignas(16) unsigned char bytes[];
};

void *script_room(struct script *script, size_t bytes)
{
    struct script_chunk *chunk = script->chunks;
    bytes = (bytes + 15) & ~(size_t)15;
    if (chunk == NULL || chunk->size - chunk->used < bytes) {
        size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        chunk = calloc(1, sizeof *chunk + size);
        if (chunk == NULL)
            abort();
        chunk->size = size;
        chunk->next = script->chunks;
        script->chunks = chunk;
    }
    void *room = chunk->bytes + chunk->used;
    chunk->used += bytes;
    return room;
}

char *script_copy(struct script *script, const char *text, size_t len)
{
    char *copy = script_room(script, len + 1);
    memcpy(copy, text, len);
    return copy;
}

const char *script_line(const struct script *script, unsigned line, size_t *len)
{
    const char *at = script->text, *end = script->text + script->len;
    for (unsigned i = 1; i < line && at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline != NULL ? newline + 1 : end;
    }
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    *len = (size_t)((newline != NULL ? newline : end) - at);
    return at;
}

const char *script_defined(const struct script *script, const char *word)
{
    for (const struct define *define = script->defines; define != NULL; define = define->next)
        if (strcmp(define->name, word) == 0)
            return define->value;
    return NULL;
}

void script_define(struct script *script, const char *name, const char *value)
{
    struct define *define = script_room(script, sizeof *define);
    define->name = script_copy(script, name, strlen(name));
    define->value = script_copy(script, value, strlen(value));
    define->next = script->defines;
    script->defines = define;
}

static void define_all(struct script *script, const char *const *defines)
{
    for (; defines != NULL && *defines != NULL; defines++) {
        const char *equals = strchr(*defines, '=');
        if (equals == NULL)
            continue;
        char *name = script_copy(script, *defines, (size_t)(equals - *defines));
        script_define(script, name, equals + 1);
    }
}

struct script *script_parse(const char *path, const char *text, size_t len,
                            const char *const *defines)
{
    struct script *script = calloc(1, sizeof *script);
    if (script == NULL)
        return NULL;
    script->path = script_copy(script, path, strlen(path));
    script->text = script_copy(script, text, len);
    script->len = len;
    define_all(script, defines);
    parse_script(script);
    return script;
}

/* All of a file; the caller's to free. */
static char *read_all(int fd, size_t *len)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return NULL;
    if (!S_ISREG(status.st_mode) || status.st_size > SCRIPT_BYTES) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EFBIG;
        return NULL;
    }
    size_t size = (size_t)status.st_size;
    char *text = malloc(size + 1);
    for (*len = 0; text != NULL && *len < size;) {
        ssize_t got = read(fd, text + *len, size - *len);
        if (got < 0) {
            free(text);
            return NULL;
        }
        if (got == 0)
            break;
        *len += (size_t)got;
    }
    return text;
}

struct script *script_read(const char *path, const char *const *defines)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    size_t len = 0;
    char *text = read_all(fd, &len);
    int error = errno;
    (void)close(fd);
    errno = error;
    if (text == NULL)
        return NULL;
    struct script *script = script_parse(path, text, len, defines);
    free(text);
    return script;
}

void script_free(struct script *script)
{
    if (script == NULL)
        return;
    while (script->chunks != NULL) {
        struct script_chunk *chunk = script->chunks;
        script->chunks = chunk->next;
        free(chunk);
    }
    free(script);
}
