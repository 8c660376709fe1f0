/*
 * token_file.c - a key file read whole.
 */
#include "token/token_priv.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TOKEN_FILE_BYTES_MAX ((size_t)262144)

/* ERR_NOT_FOUND when there is none, ERR_STORAGE_IO with errno when it cannot be read or is too
 * long. */
enum err token_file_read(struct arena *arena, const char *path, const char **ret_text,
                         size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text;
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_STORAGE_IO;
    text = arena_alloc(arena, TOKEN_FILE_BYTES_MAX + 1);
    do {
        n = read(fd, text + len, TOKEN_FILE_BYTES_MAX + 1 - len);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0 || (n < 0 && errno == EINTR));
    int saved = n < 0 ? errno : EFBIG;
    close(fd);
    errno = saved;
    if (n < 0 || len > TOKEN_FILE_BYTES_MAX)
        return ERR_STORAGE_IO;
    text[len] = '\0';
    *ret_text = text;
    *ret_len = len;
    return ERR_OK;
}
