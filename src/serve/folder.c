/*
 * folder.c - the server's folder: its lock, its keys, the token and the address that the command
 * line finds.
 */
#include "serve/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/id.h"
#include "base/log.h"
#include "token/token.h"

static const int64_t FOLDER_TOKEN_MS = 365LL * 24 * 3600 * 1000;
static const int64_t FOLDER_RENEW_MS = 30LL * 24 * 3600 * 1000;

static enum err folder_fail(const char *what, const char *path)
{
    log_error("serve.folder", "%s %s: %s", what, path, strerror(errno));
    return ERR_STORAGE_IO;
}

enum err folder_open(struct arena *arena, const char *dir, struct folder *ret)
{
    const char *lock_path = arena_printf(arena, "%s/fermata.lock", dir);
    int fd;

    if (mkdir(dir, 0700) && errno != EEXIST)
        return folder_fail("cannot make the folder", dir);
    fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return folder_fail("cannot open", lock_path);
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        log_error("serve.in_use",
                  "another fermata serves the folder %s; stop it first, or take another --dir",
                  dir);
        close(fd);
        return ERR_UNAVAILABLE;
    }
    *ret = (struct folder){
        .dir = dir,
        .store_path = arena_printf(arena, "%s/fermata.db", dir),
        .keys_dir = arena_printf(arena, "%s/keys", dir),
        .functions_path = arena_printf(arena, "%s/functions.json", dir),
        .lock_fd = fd,
    };
    return ERR_OK;
}

void folder_close(struct folder *folder)
{
    if (folder->lock_fd > 0)
        close(folder->lock_fd);
    folder->lock_fd = 0;
}

/* Whole or not at all: written beside, then renamed. */
static enum err folder_write(struct arena *arena, const char *path, const char *text)
{
    const char *beside = arena_printf(arena, "%s.new", path);
    size_t len = strlen(text);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok;

    if (fd < 0)
        return folder_fail("cannot write", beside);
    ok = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    if (!ok || rename(beside, path))
        return folder_fail("cannot write", path);
    return ERR_OK;
}

enum err folder_token(struct arena *arena, const struct folder *folder, int64_t now_ms)
{
    const char *path = arena_printf(arena, "%s/token", folder->dir);
    struct identity identity = {
        .operator_name = "default",
        .portal_id = "unknown",
        .subject = "local",
        .scopes = SCOPE_ALL_BUT_ADMIN,
        .expires_at = now_ms + FOLDER_TOKEN_MS,
    };
    const char *text;
    struct stat st;
    enum err err;

    if (stat(path, &st) == 0 && st.st_size > 0 &&
        (int64_t)st.st_mtim.tv_sec * 1000 + FOLDER_TOKEN_MS - FOLDER_RENEW_MS > now_ms)
        return ERR_OK;
    err = token_make(folder->keys_dir, &identity, now_ms, arena, &text);
    if (err)
        return err;
    return folder_write(arena, path, arena_printf(arena, "%s\n", text));
}

enum err folder_credentials(struct arena *arena, const struct folder *folder, const char *id,
                            const char *secret, const char *region)
{
    return folder_write(arena, arena_printf(arena, "%s/aws-credentials", folder->dir),
                        arena_printf(arena,
                                     "[default]\n"
                                     "aws_access_key_id = %s\n"
                                     "aws_secret_access_key = %s\n"
                                     "region = %s\n",
                                     id, secret, region));
}

enum err folder_url(struct arena *arena, const struct folder *folder, const char *url)
{
    return folder_write(arena, arena_printf(arena, "%s/url", folder->dir),
                        arena_printf(arena, "%s\n", url));
}

/* Who holds the folder is who holds the number: after a crash the next process has it at once. */
enum err folder_node(struct arena *arena, const struct folder *folder, const char **ret)
{
    const char *path = arena_printf(arena, "%s/node", folder->dir);
    char text[UUID_TEXT_BYTES] = {0};
    uint8_t random[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (fd >= 0)
        close(fd);
    *ret = arena_string(arena, text);
    if (len == sizeof(text) - 1)
        return ERR_OK;
    id_random(random, sizeof(random));
    uuid_text(random, text);
    *ret = arena_string(arena, text);
    return folder_write(arena, path, arena_printf(arena, "%s\n", text));
}
